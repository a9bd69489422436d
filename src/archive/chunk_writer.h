// ChunkWriter: turns messages into the bytes of a chunk.
//
// The same messages and options give the same bytes, whenever and wherever they are written with
// the same version of libzstd; with another one the uncompressed frames are still the same (see
// same_content in chunk_index.h). Not thread-safe; writers are independent of each other.
#pragma once

#include <memory>
#include <string>

#include "archive/chunk.h"
#include "archive/message.h"
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
};

class ChunkWriter {
 public:
  explicit ChunkWriter(ChunkOptions options);
  ~ChunkWriter();
  ChunkWriter(ChunkWriter&&) noexcept;
  ChunkWriter& operator=(ChunkWriter&&) noexcept;

  // Adds a message; its views need to be valid during the call only.
  // Errors: kInvalid for options that can't be, a sequence that isn't above the one before (or
  // above `previous`), header fields that aren't in canonical order, a message over
  // kMaxContentBytes or kMaxFrameFields; kInternal when zstd fails. After an error the message
  // isn't in the chunk, and the writer can go on unless it was kInternal.
  [[nodiscard]] Result<void> add(const Message& message);

  // The messages added so far. Its `count` is 0 before the first.
  [[nodiscard]] const ChunkSummary& summary() const;

  // Ends the chunk. Call once, last. Errors: kInvalid when no message was added; kInternal as
  // above.
  [[nodiscard]] Result<Chunk> finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nats3::archive
