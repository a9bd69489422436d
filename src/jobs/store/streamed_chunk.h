// StreamedChunk: a PendingChunk that writes each message into a frame as it comes and doesn't keep
// it; full frames are compressed by tasks meanwhile. For messages in order, each once.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "archive/chunk_draft.h"
#include "base/executor.h"
#include "jobs/store/pending_chunk.h"
#include "jobs/store/store_chunk.h"

namespace nats3::jobs {

class StreamedChunk final : public PendingChunk {
 public:
  // What the chunks of a job share. `on_compressed` is called when a frame has been compressed, on
  // the thread of the task, and may come after the chunk is gone.
  struct Tasks {
    Executor& executor;
    std::function<void()> on_compressed;
  };

  StreamedChunk(const ChunkSpec& spec, std::uint64_t previous, Tasks tasks);

  ChunkRange seal() override;
  void settle() override;
  bool can_encode() const override;
  Result<archive::Chunk> encode() override;
  std::uint64_t held_bytes() const override;
  std::uint64_t uncompressed_bytes() const override;
  void release_messages(bool keep_ack_subjects) override;
  std::vector<std::string> ack_subjects() const override { return {}; }

 private:
  class Frames;

  void take(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index) override;
  void compress_complete();

  const archive::ChunkOptions options_;
  const Codec codec_;
  const Tasks tasks_;
  std::optional<archive::ChunkDraft> draft_;  // until release_messages()
  const std::shared_ptr<Frames> frames_;      // shared with the tasks
  std::uint64_t draft_bytes_;                 // of draft_, which may be at work
  ChunkRange range_;
  std::optional<Error> refused_;  // what the format can't hold, or zstd not compress
};

}  // namespace nats3::jobs
