// KeptChunk: a PendingChunk that keeps what the consumer delivered alive, without copying it. For
// consumers with acknowledgements, which may deliver messages again.
#pragma once

#include "jobs/store/pending_chunk.h"
#include "jobs/store/store_chunk.h"

namespace nats3::jobs {

class KeptChunk final : public PendingChunk {
 public:
  explicit KeptChunk(ChunkSpec spec, std::uint64_t previous = 0)
      : spec_(std::move(spec)), previous_(previous) {}

  // Brings the messages into order of sequence, each once.
  ChunkRange seal() override;
  bool can_encode() const override { return true; }
  Result<archive::Chunk> encode() override;
  std::uint64_t held_bytes() const override { return deliveries_.empty() ? 0 : bytes(); }
  void release_messages(bool keep_ack_subjects) override;
  std::vector<std::string> ack_subjects() const override;

 private:
  void take(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index) override;

  const ChunkSpec spec_;
  const std::uint64_t previous_;
  std::vector<std::shared_ptr<const nats::DeliveryBatch>> batches_;
  std::vector<const nats::Delivery*> deliveries_;
  std::vector<const archive::Message*> messages_;  // from seal() on
  ChunkRange range_;                               // likewise
  std::vector<std::string> kept_ack_subjects_;     // after release_messages()
};

}  // namespace nats3::jobs
