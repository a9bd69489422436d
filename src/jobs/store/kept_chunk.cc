#include "jobs/store/kept_chunk.h"

#include <algorithm>
#include <functional>

#include "archive/chunk_writer.h"

namespace nats3::jobs {

void KeptChunk::take(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index) {
  if (batches_.empty() || batches_.back() != batch) {
    batches_.push_back(batch);
  }
  deliveries_.push_back(&batch->deliveries()[index]);
}

ChunkRange KeptChunk::seal() {
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
  range_ = {.previous = previous_,
            .first = messages_.front()->sequence,
            .last = messages_.back()->sequence,
            .count = messages_.size(),
            .time_min = messages_.front()->time,
            .time_max = messages_.front()->time};
  for (const archive::Message* message : messages_) {
    range_.time_min = std::min(range_.time_min, message->time);
    range_.time_max = std::max(range_.time_max, message->time);
  }
  return range_;
}

Result<archive::Chunk> KeptChunk::encode() {
  archive::ChunkWriter writer(chunk_options(spec_, previous_));
  for (const archive::Message* message : messages_) {
    if (auto added = writer.add(*message); !added) {
      return fail(added.error());
    }
  }
  return checked(writer.finish(), range_, spec_.codec);
}

void KeptChunk::release_messages(bool keep_ack_subjects) {
  if (keep_ack_subjects) {
    kept_ack_subjects_ = ack_subjects();
  }
  messages_ = {};
  deliveries_ = {};
  batches_ = {};
}

std::vector<std::string> KeptChunk::ack_subjects() const {
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
