// ChunkCutter: cuts the messages that a store job receives into chunks.
//
// A chunk is complete when it has as many messages or bytes as the job's batch policy says; one
// that has waited long enough is cut by its owner. First come the chunks that an earlier session
// put on record and that aren't in the bucket: each is made again with exactly its range and
// predecessor, so that it gets the same key and the same bytes, as far as the stream still has the
// messages. Does no I/O. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "jobs/job.h"
#include "jobs/job_record.h"
#include "jobs/store/pending_chunk.h"

namespace nats3::jobs {

class ChunkCutter {
 public:
  // Where a session begins.
  struct Start {
    // Messages come in order of sequence, and each chunk names the last sequence of the one before.
    // Not so with acknowledgements, where messages may be delivered again.
    bool in_order = true;
    std::uint64_t after = 0;                 // the last sequence of the chunk before the first one
    std::deque<ChunkRange> to_make_again;    // in order
    std::uint64_t first_count = UINT64_MAX;  // messages that the first chunk may have
  };
  struct Chunk {
    PendingChunkPtr content;  // sealed
    ChunkRange range;
  };

  ChunkCutter(const BatchPolicy& policy, PendingChunkFactory make_chunk, Start start);

  // Adds the delivery at `index` of `batch`, which arrived at `now`, and cuts before or after it
  // where a chunk ends.
  void add(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index,
           MonotonicTime now);
  // Cuts what is gathered, if anything is. The rest of a chunk to be made again doesn't come any
  // more.
  void cut();
  // The chunks cut since the last call, in order.
  [[nodiscard]] std::vector<Chunk> take();

  // What will be the next chunk; null while there is none.
  [[nodiscard]] PendingChunk* gathered() const { return gathered_.get(); }
  // When its first message arrived; nullopt while there is none.
  [[nodiscard]] std::optional<MonotonicTime> gathered_since() const { return since_; }
  // Those that weren't cut yet, in order.
  [[nodiscard]] const std::deque<ChunkRange>& to_make_again() const { return to_make_again_; }

 private:
  [[nodiscard]] bool complete(std::uint64_t sequence) const;
  [[nodiscard]] std::uint64_t previous() const;
  void seal();

  const BatchPolicy policy_;
  const PendingChunkFactory make_chunk_;
  const bool in_order_;
  std::uint64_t sealed_;      // last sequence of the chunk sealed last
  std::uint64_t most_count_;  // that the next one may have
  std::deque<ChunkRange> to_make_again_;
  PendingChunkPtr gathered_;
  std::optional<MonotonicTime> since_;
  std::vector<Chunk> cut_;
};

}  // namespace nats3::jobs
