// ChunkCursor: one chunk read from its first to its last message, fetching and checking only frames
// that are needed. Holds one frame and at most 4 MiB of compressed ones.
// Not thread-safe. Blocks on the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "archive/chunk_reader.h"
#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

class ChunkCursor {
 public:
  using FrameFilter = std::function<bool(const archive::FrameInfo&)>;

  // Fetches the chunk's index and checks it against key and size. Frames that `wanted` refuses are
  // left out. `catalog` outlives the cursor.
  // Errors: kCorrupt, naming the chunk; those of Catalog::missing.
  static Result<ChunkCursor> open(const Catalog& catalog, ChunkRef chunk, FrameFilter wanted);

  [[nodiscard]] const ChunkRef& chunk() const { return chunk_; }
  [[nodiscard]] const archive::ChunkIndex& index() const { return index_; }

  // Leaves out frames too in which, as the index says, no message has a subject that `filter`
  // selects. Before the first load().
  void select_subject(std::string filter) { subject_ = std::move(filter); }

  // Decodes the next frame when none is at hand. Afterwards there is a current message, or done().
  Result<void> load();
  [[nodiscard]] bool done() const { return !frame_ && next_frame_ == index_.frames.size(); }

  // After load(), unless done().
  [[nodiscard]] const archive::Message& current() const;
  [[nodiscard]] const std::shared_ptr<const archive::DecodedFrame>& frame() const { return frame_; }
  // To the next message of the frame; false after its last, when load() is due again.
  bool advance();

  // Bytes fetched since the last call.
  std::uint64_t take_read_bytes() { return std::exchange(read_bytes_, 0); }

 private:
  ChunkCursor(const Catalog& catalog, ChunkRef chunk, FrameFilter wanted)
      : catalog_(&catalog), chunk_(std::move(chunk)), wanted_(std::move(wanted)) {}

  [[nodiscard]] Result<void> check_identity() const;
  Result<void> fetch_frames();
  Result<std::string> fetch(std::uint64_t offset, std::uint64_t size);
  [[nodiscard]] bool wants(std::size_t frame) const;
  // The same error, saying of which chunk it is.
  [[nodiscard]] Error named(const Error& error) const;
  [[nodiscard]] Error damaged(std::string_view what) const;

  const Catalog* catalog_;
  ChunkRef chunk_;
  FrameFilter wanted_;
  std::string subject_ = ">";
  archive::ChunkIndex index_;
  std::size_t next_frame_ = 0;  // first one that wasn't decoded
  std::size_t fetched_ = 0;     // first one after those in compressed_
  std::string compressed_;      // from compressed_at_ on the frames from next_frame_
  std::size_t compressed_at_ = 0;
  std::shared_ptr<const archive::DecodedFrame> frame_;
  std::size_t next_message_ = 0;  // in frame_
  std::uint64_t read_bytes_ = 0;
};

}  // namespace nats3::catalog
