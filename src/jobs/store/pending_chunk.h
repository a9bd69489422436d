// PendingChunk: the messages gathered for one chunk, from the first to arrive until the chunk is in
// the bucket and acknowledged. Two kinds: KeptChunk keeps the messages, which may come in any order
// and more than once, until the chunk's bytes are made; StreamedChunk makes them meanwhile.
//
// Threads: within the steps of one job, but for encode().
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "archive/chunk_draft.h"
#include "jobs/job_record.h"
#include "nats/broker.h"

namespace nats3::jobs {

class PendingChunk {
 public:
  virtual ~PendingChunk() = default;
  PendingChunk(const PendingChunk&) = delete;
  PendingChunk& operator=(const PendingChunk&) = delete;

  // Adds the delivery at `index` of `batch`. Not after seal().
  void add(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index) {
    const archive::Message& message = batch->deliveries()[index].message;
    if (empty()) {
      oldest_ = message.time;
    }
    first_sequence_ = std::min(first_sequence_, message.sequence);
    ++count_;
    bytes_ += archive::content_size(message);
    last_sequence_ = message.sequence;
    take(batch, index);
  }

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::uint64_t count() const { return count_; }  // deliveries
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // of their content
  [[nodiscard]] std::uint64_t first_sequence() const { return first_sequence_; }  // the lowest
  [[nodiscard]] std::uint64_t last_sequence() const { return last_sequence_; }    // added last
  [[nodiscard]] Timestamp oldest() const { return oldest_; }  // time of what was added first

  // Ends it and tells the range of its messages. Call once, when it isn't empty.
  [[nodiscard]] virtual ChunkRange seal() = 0;

  // Takes in what tasks of its own have done, if it has any.
  virtual void settle() {}
  // After seal(): whether encode() need not wait for them.
  [[nodiscard]] virtual bool can_encode() const = 0;
  // The chunk. On any thread, once can_encode(); meanwhile nothing is called but what
  // only tells something.
  // Errors: kInvalid for a message that the format can't hold; kInternal when the outcome isn't the
  // range that seal() told.
  [[nodiscard]] virtual Result<archive::Chunk> encode() = 0;

  // Bytes of messages, and of what they became, that are in memory.
  [[nodiscard]] virtual std::uint64_t held_bytes() const = 0;
  // Those of them that tasks of its own still compress.
  [[nodiscard]] virtual std::uint64_t uncompressed_bytes() const { return 0; }
  // Frees them. The rest is told as before, the ack subjects only with `keep_ack_subjects`.
  virtual void release_messages(bool keep_ack_subjects) = 0;

  // Of every delivery, repeated ones included, in order of arrival; none where nothing is
  // acknowledged.
  [[nodiscard]] virtual std::vector<std::string> ack_subjects() const = 0;

 protected:
  PendingChunk() = default;

 private:
  virtual void take(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index) = 0;

  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t first_sequence_ = UINT64_MAX;
  std::uint64_t last_sequence_ = 0;
  Timestamp oldest_{};
};

using PendingChunkPtr = std::unique_ptr<PendingChunk>;
// Makes one that names `previous` as the last sequence of the chunk before it.
using PendingChunkFactory = std::function<PendingChunkPtr(std::uint64_t previous)>;

}  // namespace nats3::jobs
