// ChunkWriter: turns messages into the bytes of a chunk, on one thread: a ChunkDraft whose frames
// are compressed as they come. The same bytes as any other way of compressing its frames.
// Not thread-safe; writers are independent of each other.
#pragma once

#include "archive/chunk_draft.h"

namespace nats3::archive {

class ChunkWriter {
 public:
  explicit ChunkWriter(ChunkOptions options);

  // As ChunkDraft::add. Errors: also kInternal when zstd fails; then the writer can't go on.
  [[nodiscard]] Result<void> add(const Message& message);

  // The messages added so far. Its `count` is 0 before the first.
  [[nodiscard]] const ChunkSummary& summary() const { return draft_.summary(); }

  // Ends the chunk. Call once, last. Errors: kInvalid when no message was added; kInternal as
  // above.
  [[nodiscard]] Result<Chunk> finish();

 private:
  Result<void> compress();

  int zstd_level_;
  ChunkDraft draft_;
};

}  // namespace nats3::archive
