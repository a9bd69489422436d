// HeldChunks: what a session of a store job holds between a message's delivery and its place in the
// bucket: the chunk being gathered, and those on their way. A view, valid as long as both, within
// the steps of the job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "jobs/store/chunk_cutter.h"
#include "jobs/store/upload_queue.h"

namespace nats3::jobs {

class HeldChunks {
 public:
  HeldChunks(const ChunkCutter& cutter, const UploadQueue& uploads)
      : cutter_(cutter), uploads_(uploads) {}

  // Whether more messages may be taken, which become chunks of `largest` bytes of content at most.
  // This bounds the memory of a job to about four chunks and 12 MB, beside what its source buffers.
  // Beyond one chunk on its way, only while there is room for all jobs together.
  [[nodiscard]] bool has_room(std::uint64_t largest, bool explicit_ack,
                              const MemoryBudget& all) const;
  // In memory, for all of them.
  [[nodiscard]] std::uint64_t bytes() const;

  // Deliveries, repeated ones included.
  [[nodiscard]] std::uint64_t deliveries() const;
  // Of every delivery, in order of chunks.
  [[nodiscard]] std::vector<std::string> ack_subjects() const;
  // Messages that aren't archived, as far as they are known to be different ones.
  [[nodiscard]] std::uint64_t unarchived() const;
  // The time of the oldest of them.
  [[nodiscard]] std::optional<Timestamp> oldest() const;

  // The ranges of what is on its way and of what is to be made again, in order: they go on record.
  [[nodiscard]] std::vector<ChunkRange> intents() const;
  // The lowest sequence of all that is held, or to be made again.
  [[nodiscard]] std::optional<std::uint64_t> first_sequence() const;

 private:
  const ChunkCutter& cutter_;
  const UploadQueue& uploads_;
};

}  // namespace nats3::jobs
