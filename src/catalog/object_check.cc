#include "catalog/object_check.h"

#include <fmt/format.h>

#include "archive/chunk_reader.h"
#include "archive/epoch.h"
#include "base/digest.h"

namespace nats3::catalog {
namespace {

// The header is there twice, each time with a hash of its own: so it can be believed when the rest
// can't.
std::optional<archive::ChunkHeader> header_of(std::string_view bytes) {
  if (auto frame = archive::parse_header_frame(bytes)) {
    return std::move(frame->header);
  }
  auto index = archive::ChunkIndex::parse(bytes, bytes.size());
  return index ? std::optional(std::move(index->header)) : std::nullopt;
}

// Of a newer format, which is no damage. Both ends must say so: one may have lost a bit.
bool is_newer(std::string_view bytes) {
  const auto tail = archive::parse_tail(bytes, bytes.size());
  const auto header = archive::parse_header_frame(bytes);
  return !tail && tail.error().code == ErrorCode::kInvalid && !header &&
         header.error().code == ErrorCode::kInvalid;
}

ChunkFlaw classify(std::string_view bytes, const Error& error) {
  if (is_newer(bytes)) {
    return {FindingKind::kForeign, error.message};
  }
  if (!archive::parse_tail(bytes, bytes.size())) {
    const bool begins = archive::parse_header_frame(bytes).has_value();
    return {begins ? FindingKind::kCut : FindingKind::kDamaged, error.message};
  }
  const auto index = archive::ChunkIndex::parse(bytes, bytes.size());
  if (index) {
    const archive::FrameInfo& last = index->frames.back();
    const bool as_written =
        sha256(bytes.substr(0, last.offset + last.compressed_bytes)) == index->sha256;
    return {as_written ? FindingKind::kLyingIndex : FindingKind::kDamaged, error.message};
  }
  return {FindingKind::kDamaged, error.message};
}

std::optional<ChunkFlaw> check_place(const std::string& stream,
                                     const archive::ChunkLocation& location,
                                     const archive::ChunkIndex& index) {
  const archive::ChunkHeader& header = index.header;
  const auto misplaced = [](std::string what) {
    return ChunkFlaw{FindingKind::kMisplaced, std::move(what)};
  };
  if (header.stream != stream || header.epoch != location.epoch) {
    return misplaced(fmt::format("it is of stream '{}', epoch '{}'", header.stream, header.epoch));
  }
  if (archive::filter_component(header.filter) != location.filter_component) {
    return misplaced(fmt::format("it is of subject '{}'", header.filter));
  }
  if (archive::chunk_name(index.summary, header.encoding) != location.name) {
    return misplaced(fmt::format("it is the chunk with messages {} to {}",
                                 index.summary.first_sequence, index.summary.last_sequence));
  }
  return std::nullopt;
}

}  // namespace

ChunkVerdict check_chunk(const std::string& stream, const archive::ChunkLocation& location,
                         std::string_view bytes) {
  ChunkVerdict verdict;
  auto index = archive::verify_chunk(bytes);
  if (!index) {
    verdict.flaw = classify(bytes, index.error());
  } else {
    verdict.flaw = check_place(stream, location, *index);
  }
  if (verdict.flaw) {
    auto header = header_of(bytes);
    // That of another chunk says nothing of this one.
    if (header && header->stream == stream && header->epoch == location.epoch &&
        archive::filter_component(header->filter) == location.filter_component &&
        header->previous < location.name.first && verdict.flaw->kind != FindingKind::kMisplaced) {
      verdict.header = std::move(header);
    }
    return verdict;
  }
  verdict.header = index->header;
  verdict.index = std::move(*index);
  return verdict;
}

Result<void> check_v1_chunk(const archive::V1ChunkName& name, std::string bytes) {
  const auto chunk = archive::decode_v1_chunk(name.codec, std::move(bytes));
  if (!chunk) {
    return fail(chunk.error());
  }
  if (chunk->messages.size() != name.count) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("it has {} messages of {}", chunk->messages.size(), name.count));
  }
  return {};
}

Result<void> check_document(std::string_view name, std::string_view text) {
  if (name == "stream.json") {
    return archive::parse_epoch_description(text).map([](const auto&) {});
  }
  return name == "watermark.json" ? archive::parse_watermark(text).map([](const auto&) {})
                                  : archive::parse_complete(text).map([](const auto&) {});
}

}  // namespace nats3::catalog
