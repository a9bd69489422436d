// ChunkDraft: the messages of a chunk, cut into frames that somebody else compresses.
//
//   draft.add(message); for each of draft.take_frames(): compress it, on any thread;
//   draft.append(compressed);  // in order
//   draft.end_frame(), the last of take_frames(), append, finish
//
// So the first frames can be compressed while messages still come, and only frames are held, not
// messages. ChunkWriter does all of it on one thread.
//
// The same messages and options give the same bytes, whenever and wherever they are written with
// the same version of libzstd; with another one the uncompressed frames are still the same (see
// same_content in chunk_index.h). Not thread-safe; drafts are independent of each other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "archive/chunk.h"
#include "archive/frame_compressor.h"
#include "archive/message.h"
#include "base/digest.h"
#include "base/error.h"

namespace nats3::archive {

struct ChunkOptions {
  std::string stream;
  std::string epoch;
  std::string filter;
  std::uint64_t previous = 0;  // see ChunkHeader
  Encoding encoding = Encoding::kBinary;
  int zstd_level = 1;                  // 1 to 19
  std::size_t frame_bytes = 1u << 20;  // uncompressed, about; at most 16 MiB
};

struct Chunk {
  std::string bytes;
  ChunkSummary summary;
  Sha256Digest sha256{};  // of all bytes
};

class ChunkDraft {
 public:
  explicit ChunkDraft(ChunkOptions options);
  ~ChunkDraft();
  ChunkDraft(ChunkDraft&&) noexcept;
  ChunkDraft& operator=(ChunkDraft&&) noexcept;

  // Adds a message; its views need to be valid during the call only.
  // Errors: kInvalid for options that can't be, a sequence that isn't above the one before (or
  // above `previous`), header fields that aren't in canonical order, a message over
  // kMaxContentBytes or kMaxFrameFields. After an error the message isn't in the chunk, and the
  // draft can go on.
  [[nodiscard]] Result<void> add(const Message& message);

  // The messages added so far. Its `count` is 0 before the first.
  [[nodiscard]] const ChunkSummary& summary() const;

  // The content of the frames that were completed since the last call, in order.
  [[nodiscard]] std::vector<std::string> take_frames();
  // Completes the frame that is being filled, if there is one.
  void end_frame();
  // Memory for the next frame: what a frame was in that isn't needed any more.
  void recycle(std::string content);

  // Takes the next frame, compressed, in the order of take_frames().
  void append(CompressedFrame frame);
  // The bytes of the chunk so far.
  [[nodiscard]] std::size_t size() const;
  // Ends the chunk. Call once, last: when each frame is appended. Errors: kInvalid when no message
  // was added.
  [[nodiscard]] Result<Chunk> finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nats3::archive
