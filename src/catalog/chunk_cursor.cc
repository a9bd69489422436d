#include "catalog/chunk_cursor.h"

#include <fmt/format.h>

#include "catalog/fetch_index.h"

namespace nats3::catalog {
namespace {

// Compressed bytes fetched at once: few requests, little memory.
constexpr std::uint64_t kFetchBytes = 4 << 20;

}  // namespace

Error ChunkCursor::named(const Error& error) const {
  return error.with_context(fmt::format("chunk '{}' (messages {} to {})", chunk_.key,
                                        chunk_.name.first, chunk_.name.last));
}

Error ChunkCursor::damaged(std::string_view what) const {
  return named({ErrorCode::kCorrupt, std::string(what)});
}

Result<ChunkCursor> ChunkCursor::open(const Catalog& catalog, ChunkRef chunk, FrameFilter wanted) {
  ChunkCursor cursor(catalog, std::move(chunk), std::move(wanted));
  auto fetched = fetch_index(catalog.store(), cursor.chunk_.key, cursor.chunk_.object_bytes);
  if (!fetched && fetched.error().action() == Action::kNotFound) {
    return fail(catalog.missing(cursor.chunk_));
  }
  if (!fetched) {
    return fail(cursor.named(fetched.error()));
  }
  cursor.index_ = std::move(fetched->index);
  cursor.read_bytes_ = fetched->read_bytes;
  if (auto checked = cursor.check_identity(); !checked) {
    return fail(checked.error());
  }
  return cursor;
}

// The key is no proof: an object may have been copied to another one.
Result<void> ChunkCursor::check_identity() const {
  if (archive::chunk_name(index_.summary, index_.header.encoding) != chunk_.name) {
    return fail(damaged("its key and its content tell different ranges"));
  }
  if (index_.header.filter != chunk_.filter) {
    return fail(damaged(fmt::format("it belongs to subject '{}'", index_.header.filter)));
  }
  return {};
}

Result<std::string> ChunkCursor::fetch(std::uint64_t offset, std::uint64_t size) {
  auto bytes = catalog_->store().get(chunk_.key, object::ByteRange{offset, size});
  if (!bytes && bytes.error().action() == Action::kNotFound) {
    return fail(catalog_->missing(chunk_));
  }
  if (!bytes) {
    return fail(named(bytes.error()));
  }
  if (bytes->size() != size) {
    return fail(
        damaged(fmt::format("it is cut off: {} bytes at {} are {}", size, offset, bytes->size())));
  }
  read_bytes_ += size;
  return bytes;
}

bool ChunkCursor::wants(std::size_t frame) const {
  return wanted_(index_.frames[frame]) &&
         (subject_ == ">" || index_.may_contain_subject(subject_, frame));
}

// Fetches the next frames that are wanted, if there are any.
Result<void> ChunkCursor::fetch_frames() {
  const std::vector<archive::FrameInfo>& frames = index_.frames;
  while (next_frame_ < frames.size() && !wants(next_frame_)) {
    ++next_frame_;
  }
  if (next_frame_ == frames.size()) {
    return {};
  }
  std::size_t end = next_frame_;
  std::uint64_t bytes = 0;
  while (end < frames.size() && wants(end) &&
         (end == next_frame_ || bytes + frames[end].compressed_bytes <= kFetchBytes)) {
    bytes += frames[end].compressed_bytes;
    ++end;
  }
  auto compressed = fetch(frames[next_frame_].offset, bytes);
  if (!compressed) {
    return fail(compressed.error());
  }
  compressed_ = std::move(*compressed);
  compressed_at_ = 0;
  fetched_ = end;
  return {};
}

Result<void> ChunkCursor::load() {
  if (frame_) {
    return {};
  }
  if (next_frame_ >= fetched_) {
    if (auto fetched = fetch_frames(); !fetched || done()) {
      return fetched;
    }
  }
  const std::size_t size = index_.frames[next_frame_].compressed_bytes;
  auto decoded = archive::decode_frame(index_, next_frame_,
                                       std::string_view(compressed_).substr(compressed_at_, size));
  if (!decoded) {
    return fail(damaged(decoded.error().message));
  }
  frame_ = std::make_shared<const archive::DecodedFrame>(std::move(*decoded));
  next_message_ = 0;
  compressed_at_ += size;
  if (++next_frame_ == fetched_) {
    std::string().swap(compressed_);
  }
  return {};
}

const archive::Message& ChunkCursor::current() const { return frame_->messages()[next_message_]; }

bool ChunkCursor::advance() {
  if (++next_message_ < frame_->messages().size()) {
    return true;
  }
  frame_.reset();
  next_message_ = 0;
  return false;
}

}  // namespace nats3::catalog
