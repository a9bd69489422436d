// PendingChunk: the messages gathered for one chunk, from the first to arrive until the chunk is in
// the bucket and acknowledged. Keeps what the consumer delivered alive, without copying it, until
// the chunk's bytes are made.
// Not thread-safe; may move between threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job_record.h"
#include "nats/broker.h"

namespace nats3::jobs {

class PendingChunk {
 public:
  // Adds the delivery at `index` of `batch`, which this keeps alive.
  void add(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::uint64_t count() const { return count_; }  // deliveries
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }  // added last
  [[nodiscard]] Timestamp oldest() const { return oldest_; }  // time of what was added first

  // Brings the messages into order of sequence, each once (a consumer with acknowledgements may
  // have delivered some again), and tells their range. Call once, when the chunk is complete and
  // not empty; add nothing afterwards.
  ChunkRange seal(std::uint64_t previous);
  // After seal(), before release_messages().
  [[nodiscard]] const std::vector<const archive::Message*>& messages() const { return messages_; }

  // Frees the messages, which aren't needed any more; the rest is told as before, the ack subjects
  // only with `keep_ack_subjects`.
  void release_messages(bool keep_ack_subjects);

  // Of every delivery, repeated ones included, in order of arrival.
  [[nodiscard]] std::vector<std::string> ack_subjects() const;

 private:
  std::vector<std::shared_ptr<const nats::DeliveryBatch>> batches_;
  std::vector<const nats::Delivery*> deliveries_;
  std::vector<const archive::Message*> messages_;
  std::vector<std::string> kept_ack_subjects_;  // after release_messages()
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t last_sequence_ = 0;
  Timestamp oldest_{};
};

}  // namespace nats3::jobs
