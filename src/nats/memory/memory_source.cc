#include "nats/memory/memory_source.h"

#include <fmt/format.h>

#include "nats/ack_subject.h"

namespace nats3::nats {
namespace {

struct OwnedDeliveries : DeliveryBatch::Storage {
  std::vector<OwnedMessage> messages;
  std::vector<std::unique_ptr<std::string>> ack_subjects;
};

}  // namespace

// A batch as it fills up.
class MemorySource::Batch {
 public:
  explicit Batch(const FetchLimits& limits) : limits_(limits) {}

  [[nodiscard]] bool allows(const archive::Message& message) const {
    return deliveries_.size() < limits_.max_messages &&
           (deliveries_.empty() || bytes_ + archive::content_size(message) <= limits_.max_bytes);
  }
  void add(const archive::Message& message, Delivery delivery, std::string ack_subject) {
    bytes_ += archive::content_size(message);
    delivery.message = storage_->messages.emplace_back(message).message();
    storage_->ack_subjects.push_back(std::make_unique<std::string>(std::move(ack_subject)));
    delivery.ack_subject = *storage_->ack_subjects.back();
    deliveries_.push_back(delivery);
  }
  [[nodiscard]] DeliveryBatch finish() { return {std::move(deliveries_), std::move(storage_)}; }

 private:
  const FetchLimits limits_;
  std::size_t bytes_ = 0;
  std::vector<Delivery> deliveries_;
  std::unique_ptr<OwnedDeliveries> storage_ = std::make_unique<OwnedDeliveries>();
};

MemorySource::~MemorySource() {
  const std::lock_guard lock(broker_.mutex_);
  broker_.sources_.erase(this);
}

void MemorySource::lose(std::string why) {
  if (!lost_) {
    lost_ = Error{ErrorCode::kUnavailable,
                  fmt::format("consumer {} of stream {}: {}", consumer_, options_.stream, why)};
  }
  wake();
}

void MemorySource::wake() {
  if (ready_) {
    ready_();
  }
}

void MemorySource::on_ready(std::function<void()> callback) {
  const std::lock_guard lock(broker_.mutex_);
  ready_ = std::move(callback);
}

Result<MemoryStream*> MemorySource::stream() {
  if (lost_) {
    return fail(*lost_);
  }
  auto found = broker_.find_stream(options_.stream);
  if (!found || (*found)->info().created != created_) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("consumer {} of stream {} is gone", consumer_, options_.stream));
  }
  return found;
}

Result<DeliveryBatch> MemorySource::fetch(const FetchLimits& limits) {
  const std::lock_guard lock(broker_.mutex_);
  auto found = stream();
  if (!found) {
    return fail(found.error());
  }
  Batch batch(limits);
  if (options_.explicit_ack) {
    fetch_explicit(**found, batch);
  } else {
    fetch_plain(**found, batch);
  }
  if (lost_) {
    return fail(*lost_);
  }
  return batch.finish();
}

void MemorySource::fetch_plain(const MemoryStream& stream, Batch& batch) {
  while (const archive::Message* message =
             stream.next(next_stream_sequence_, options_.filter_subject)) {
    if (!batch.allows(*message) || message->sequence > stream.delivered_up_to()) {
      return;
    }
    next_stream_sequence_ = message->sequence + 1;
    const std::uint64_t consumer_sequence = next_consumer_sequence_++;
    if (std::exchange(drop_next_, false)) {
      lose(fmt::format("its delivery {} came after {}: messages between were lost on the way",
                       consumer_sequence + 1, consumer_sequence - 1));
      return;
    }
    const std::uint64_t pending =
        stream.pending_from(next_stream_sequence_, options_.filter_subject);
    archive::Message delivered = *message;
    if (options_.headers_only) {
      delivered.payload = {};
    }
    batch.add(delivered,
              {.message = {},
               .consumer_sequence = consumer_sequence,
               .delivered = 1,
               .pending = pending,
               .ack_subject = {}},
              ack_subject(*message, consumer_sequence, 1, pending));
  }
}

void MemorySource::fetch_explicit(MemoryStream& stream, Batch& batch) {
  MemoryConsumer* consumer = stream.find_consumer(consumer_);
  if (consumer == nullptr) {
    return lose("409 Consumer Deleted");
  }
  const MonotonicTime now = broker_.clock_.monotonic();
  if (!hold_until_) {
    const bool waits = options_.redelivered_first && !consumer->pending.empty();
    hold_until_ = waits ? now + consumer->ack_wait : now;
  }
  if (now < *hold_until_ || consumer->stopped > 0) {
    return;
  }
  const auto deliver = [&](const archive::Message& message, std::uint64_t delivered) {
    const std::uint64_t number = consumer->next_consumer_sequence++;
    const std::uint64_t pending =
        stream.count_from(consumer->next_stream_sequence, consumer->filter);
    batch.add(message,
              {.message = {},
               .consumer_sequence = number,
               .delivered = delivered,
               .pending = pending,
               .ack_subject = {}},
              ack_subject(message, number, delivered, pending));
  };
  const std::uint64_t first = stream.info().first_sequence;
  std::erase_if(consumer->pending, [&](const auto& pending) {
    return pending.second.due <= now && pending.first < first;
  });
  for (auto& [sequence, pending] : consumer->pending) {
    const archive::Message* message = stream.find(sequence);
    if (pending.due <= now && message != nullptr && batch.allows(*message)) {
      pending = {now + consumer->ack_wait, pending.delivered + 1};
      deliver(*message, pending.delivered);
    }
  }
  while (consumer->pending.size() < consumer->max_ack_pending) {
    const archive::Message* message = stream.next(consumer->next_stream_sequence, consumer->filter);
    if (message == nullptr || !batch.allows(*message)) {
      return;
    }
    consumer->next_stream_sequence = message->sequence + 1;
    consumer->pending[message->sequence] = {now + consumer->ack_wait, 1};
    deliver(*message, 1);
  }
}

std::string MemorySource::ack_subject(const archive::Message& message,
                                      std::uint64_t consumer_sequence, std::uint64_t delivered,
                                      std::uint64_t pending) const {
  return fmt::format("$JS.ACK.{}.{}.{}.{}.{}.{}.{}", options_.stream, consumer_, delivered,
                     message.sequence, consumer_sequence, message.time.time_since_epoch().count(),
                     pending);
}

Result<void> MemorySource::ack(const std::vector<std::string>& ack_subjects) {
  const std::lock_guard lock(broker_.mutex_);
  auto found = stream();
  if (!found) {
    return fail(found.error());
  }
  for (const std::string& subject : ack_subjects) {
    if (const auto ack = parse_ack_subject(subject)) {
      (*found)->acknowledge(consumer_, ack->stream_sequence);
    }
  }
  return {};
}

Result<void> MemorySource::extend(const std::vector<std::string>& ack_subjects) {
  const std::lock_guard lock(broker_.mutex_);
  auto found = stream();
  if (!found) {
    return fail(found.error());
  }
  MemoryConsumer* consumer = (*found)->find_consumer(consumer_);
  for (const std::string& subject : ack_subjects) {
    const auto ack = parse_ack_subject(subject);
    if (consumer == nullptr || !ack) {
      continue;
    }
    if (const auto held = consumer->pending.find(ack->stream_sequence);
        held != consumer->pending.end()) {
      held->second.due = broker_.clock_.monotonic() + consumer->ack_wait;
    }
  }
  return {};
}

}  // namespace nats3::nats
