// DeliveryQueue: deliveries that wait to be fetched, oldest first. They are handed out as they
// came, in batches, and copied only where a batch is larger than a fetch may be. Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>

#include "nats/broker.h"

namespace nats3::nats {

class DeliveryQueue {
 public:
  void push(DeliveryBatch batch);
  // Of the oldest batch as much as `limits` allow; empty when there is none.
  [[nodiscard]] DeliveryBatch take(const FetchLimits& limits);

  [[nodiscard]] bool empty() const { return batches_.empty(); }
  [[nodiscard]] std::size_t messages() const { return messages_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }  // with their ack subjects

 private:
  std::deque<DeliveryBatch> batches_;  // none is empty
  std::size_t taken_ = 0;              // of the first one
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace nats3::nats
