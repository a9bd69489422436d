#include "nats/delivery_queue.h"

#include <span>
#include <utility>

namespace nats3::nats {

void DeliveryQueue::push(DeliveryBatch batch) {
  if (batch.empty()) {
    return;
  }
  messages_ += batch.deliveries().size();
  for (const Delivery& delivery : batch.deliveries()) {
    bytes_ += archive::content_size(delivery.message) + delivery.ack_subject.size();
  }
  batches_.push_back(std::move(batch));
}

DeliveryBatch DeliveryQueue::take(const FetchLimits& limits) {
  if (batches_.empty()) {
    return {};
  }
  DeliveryBatch& oldest = batches_.front();
  std::size_t count = 0;
  std::size_t content = 0;
  for (const Delivery& delivery : std::span(oldest.deliveries()).subspan(taken_)) {
    const std::size_t size = archive::content_size(delivery.message);
    if (count == limits.max_messages || (count > 0 && content + size > limits.max_bytes)) {
      break;
    }
    ++count;
    content += size;
    bytes_ -= size + delivery.ack_subject.size();
  }
  messages_ -= count;
  const std::size_t first = std::exchange(taken_, taken_ + count);
  const bool last = taken_ == oldest.deliveries().size();
  DeliveryBatch batch = last && first == 0 ? std::move(oldest) : oldest.part(first, count);
  if (last) {
    batches_.pop_front();
    taken_ = 0;
  }
  return batch;
}

}  // namespace nats3::nats
