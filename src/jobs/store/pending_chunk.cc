#include "jobs/store/pending_chunk.h"

#include <algorithm>
#include <functional>

namespace nats3::jobs {

void PendingChunk::add(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index) {
  if (batches_.empty() || batches_.back() != batch) {
    batches_.push_back(batch);
  }
  const nats::Delivery& delivery = batch->deliveries()[index];
  if (empty()) {
    oldest_ = delivery.message.time;
  }
  deliveries_.push_back(&delivery);
  ++count_;
  bytes_ += archive::content_size(delivery.message);
  last_sequence_ = delivery.message.sequence;
}

ChunkRange PendingChunk::seal(std::uint64_t previous) {
  messages_.reserve(deliveries_.size());
  for (const nats::Delivery* delivery : deliveries_) {
    messages_.push_back(&delivery->message);
  }
  const auto sequence = [](const archive::Message* message) { return message->sequence; };
  const bool ascending =
      std::ranges::adjacent_find(messages_, std::greater_equal<>{}, sequence) == messages_.end();
  if (!ascending) {
    std::ranges::stable_sort(messages_, {}, sequence);
    const auto repeated = std::ranges::unique(messages_, {}, sequence);
    messages_.erase(repeated.begin(), repeated.end());
  }
  ChunkRange range{.previous = previous,
                   .first = messages_.front()->sequence,
                   .last = messages_.back()->sequence,
                   .count = messages_.size(),
                   .time_min = messages_.front()->time,
                   .time_max = messages_.front()->time};
  for (const archive::Message* message : messages_) {
    range.time_min = std::min(range.time_min, message->time);
    range.time_max = std::max(range.time_max, message->time);
  }
  return range;
}

void PendingChunk::release_messages(bool keep_ack_subjects) {
  if (keep_ack_subjects) {
    kept_ack_subjects_ = ack_subjects();
  }
  messages_ = {};
  deliveries_ = {};
  batches_ = {};
}

std::vector<std::string> PendingChunk::ack_subjects() const {
  if (deliveries_.empty()) {
    return kept_ack_subjects_;
  }
  std::vector<std::string> subjects;
  subjects.reserve(deliveries_.size());
  for (const nats::Delivery* delivery : deliveries_) {
    subjects.emplace_back(delivery->ack_subject);
  }
  return subjects;
}

}  // namespace nats3::jobs
