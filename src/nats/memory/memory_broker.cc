#include "nats/memory/memory_broker.h"

#include <fmt/format.h>

#include <algorithm>

#include "nats/memory/memory_sink.h"
#include "nats/memory/memory_source.h"

namespace nats3::nats {
namespace {

Error no_consumer(const std::string& stream, const std::string& consumer) {
  return {ErrorCode::kNotFound,
          fmt::format("consumer {} of stream {}: consumer not found", consumer, stream)};
}

}  // namespace

MemoryBroker::~MemoryBroker() = default;

void MemoryBroker::make_stream(const std::string& name, MemoryStreamOptions options) {
  const std::lock_guard lock(mutex_);
  streams_[name] = std::make_unique<MemoryStream>(name, std::move(options), clock_);
}

void MemoryBroker::delete_stream(const std::string& name) {
  const std::lock_guard lock(mutex_);
  streams_.erase(name);
  for (MemorySource* source : sources_) {
    if (source->options().stream == name) {
      source->lose("409 Consumer Deleted");
    }
  }
}

std::uint64_t MemoryBroker::publish(std::string_view subject, std::string_view payload,
                                    std::vector<archive::HeaderField> headers) {
  const std::lock_guard lock(mutex_);
  const auto ack = store(
      {.sequence = 0, .time = {}, .subject = subject, .headers = headers, .payload = payload});
  return ack ? ack->sequence : 0;
}

void MemoryBroker::remove_message(const std::string& stream, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  streams_.at(stream)->remove(sequence);
}

void MemoryBroker::purge_below(const std::string& stream, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  streams_.at(stream)->purge_below(sequence);
}

void MemoryBroker::forget_above(const std::string& stream, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  streams_.at(stream)->forget_above(sequence);
}

std::vector<OwnedMessage> MemoryBroker::messages(const std::string& stream) const {
  const std::lock_guard lock(mutex_);
  std::vector<OwnedMessage> all;
  const auto found = streams_.find(stream);
  if (found == streams_.end()) {
    return all;
  }
  const archive::Message* message = found->second->next(1, "");
  while (message != nullptr) {
    all.emplace_back(*message);
    message = found->second->next(message->sequence + 1, "");
  }
  return all;
}

void MemoryBroker::set_available(bool available) {
  const std::lock_guard lock(mutex_);
  available_ = available;
  if (!available) {
    lose_sources();
    for (MemorySink* sink : sinks_) {
      sink->lose("the connection to NATS was lost");
    }
  }
}

void MemoryBroker::lose_sources() {
  const std::lock_guard lock(mutex_);
  for (MemorySource* source : sources_) {
    source->lose("the connection to NATS was lost and is back");
  }
}

void MemoryBroker::drop_next_delivery() {
  const std::lock_guard lock(mutex_);
  for (MemorySource* source : sources_) {
    source->drop_next();
  }
}

void MemoryBroker::pass_over(const std::string& stream) {
  const std::lock_guard lock(mutex_);
  MemoryStream& passed = *streams_.at(stream);
  passed.pass_over();
  for (MemorySource* source : sources_) {
    if (source->options().stream == stream) {
      source->pass_over(passed.info().last_sequence);
    }
  }
}

void MemoryBroker::forget_acknowledgements(const std::string& stream, const std::string& consumer,
                                           const std::vector<std::uint64_t>& sequences) {
  const std::lock_guard lock(mutex_);
  MemoryConsumer& known = *streams_.at(stream)->find_consumer(consumer);
  for (const std::uint64_t sequence : sequences) {
    known.pending[sequence] = {clock_.monotonic() + known.ack_wait, 1};
  }
}

void MemoryBroker::hide_last(const std::string& stream, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  streams_.at(stream)->hide_last(count);
}

void MemoryBroker::lag_behind(const std::string& stream, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  streams_.at(stream)->lag_behind(count);
}

void MemoryBroker::hide_gaps(const std::string& stream) {
  const std::lock_guard lock(mutex_);
  streams_.at(stream)->hide_gaps();
}

void MemoryBroker::stop_consumer(const std::string& stream, const std::string& consumer,
                                 int openings) {
  const std::lock_guard lock(mutex_);
  streams_.at(stream)->find_consumer(consumer)->stopped = openings;
}

void MemoryBroker::fail_publish(std::size_t nth, PublishFault fault) {
  const std::lock_guard lock(mutex_);
  faults_[publishes_ + nth] = fault;
}

void MemoryBroker::hold_acks(bool held) {
  const std::lock_guard lock(mutex_);
  acks_held_ = held;
  if (!held) {
    for (MemorySink* sink : sinks_) {
      sink->wake();
    }
  }
}

void MemoryBroker::hold_publishes(bool held) {
  const std::lock_guard lock(mutex_);
  publishes_held_ = held;
  if (!held) {
    deliver(on_their_way_.size(), false);
  }
}

void MemoryBroker::deliver_publishes(std::size_t count) {
  const std::lock_guard lock(mutex_);
  deliver(count, false);
}

void MemoryBroker::deliver_late_publishes(std::size_t count) {
  const std::lock_guard lock(mutex_);
  deliver(count, true);
}

void MemoryBroker::deliver(std::size_t count, bool late) {
  for (; count > 0 && available_; --count) {
    const auto found = std::ranges::find_if(
        on_their_way_, [&](const OnItsWay& message) { return (message.sink == nullptr) == late; });
    if (found == on_their_way_.end()) {
      return;
    }
    const OnItsWay next = std::move(*found);
    on_their_way_.erase(found);
    auto ack = next.fault == PublishFault::kRefuse || next.fault == PublishFault::kRefuseBad
                   ? fail(next.fault == PublishFault::kRefuse ? ErrorCode::kUnavailable
                                                              : ErrorCode::kInvalid,
                          "the stream refuses the message: a fault of the test")
                   : store(next.message.message());
    if (next.sink != nullptr) {
      next.sink->arrived(next.token, std::move(ack), next.fault);
    }
  }
}

Result<PublishAck> MemoryBroker::store(const archive::Message& message) {
  for (const auto& [name, stream] : streams_) {
    if (stream->stores(message.subject)) {
      auto ack = stream->store(message);
      wake_sources();
      return ack;
    }
  }
  return fail(ErrorCode::kUnavailable, "no stream stores that subject now: make one with it");
}

void MemoryBroker::set_max_payload(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  max_payload_ = bytes;
}

std::size_t MemoryBroker::open_sources() const {
  const std::lock_guard lock(mutex_);
  return sources_.size();
}

std::size_t MemoryBroker::open_sinks() const {
  const std::lock_guard lock(mutex_);
  return sinks_.size();
}

Result<StreamInfo> MemoryBroker::stream_info(const std::string& stream) {
  const std::lock_guard lock(mutex_);
  auto found = find_stream(stream);
  if (!found) {
    return fail(found.error());
  }
  return (*found)->info();
}

Result<std::vector<std::string>> MemoryBroker::streams_of_subject(const std::string& subject) {
  const std::lock_guard lock(mutex_);
  if (auto up = status(); !up) {
    return fail(up.error());
  }
  std::vector<std::string> found;
  for (const auto& [name, stream] : streams_) {
    if (stream->stores_some(subject)) {
      found.push_back(name);
    }
  }
  if (!found.empty()) {
    return found;
  }
  return fail(ErrorCode::kNotFound, fmt::format("no stream stores {}", subject));
}

Result<OwnedMessage> MemoryBroker::get_message(const std::string& stream, std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  auto found = find_stream(stream);
  if (!found) {
    return fail(ErrorCode::kUnavailable, found.error().message);
  }
  if (sequence == 0) {
    return fail(ErrorCode::kInvalid, fmt::format("message 0 of stream {}: bad request", stream));
  }
  const archive::Message* message = (*found)->find(sequence);
  if (message == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("message {} of stream {}: no message found", sequence, stream));
  }
  return OwnedMessage(*message);
}

Result<OwnedMessage> MemoryBroker::next_message(const std::string& stream,
                                                const std::string& filter, std::uint64_t from) {
  const std::lock_guard lock(mutex_);
  auto found = find_stream(stream);
  if (!found) {
    return fail(ErrorCode::kUnavailable, found.error().message);
  }
  const archive::Message* message = (*found)->next(from, filter);
  if (message == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("stream {}: no message of '{}' from {} on", stream, filter, from));
  }
  return OwnedMessage(*message);
}

Result<ConsumerPosition> MemoryBroker::consumer_position(const std::string& stream,
                                                         const std::string& consumer) {
  const std::lock_guard lock(mutex_);
  auto found = find_stream(stream);
  if (!found) {
    return fail(found.error());
  }
  const MemoryConsumer* known = (*found)->find_consumer(consumer);
  if (known == nullptr) {
    return fail(no_consumer(stream, consumer));
  }
  const std::uint64_t floor =
      known->pending.empty() ? known->next_stream_sequence : known->pending.begin()->first;
  return ConsumerPosition{
      .filter = known->filter,
      .explicit_ack = true,
      .ack_floor = floor - 1,
      .delivered = known->next_stream_sequence - 1,
      .pending = (*found)->count_from(known->next_stream_sequence, known->filter),
      .unacknowledged = known->pending.size(),
      .ack_wait = known->ack_wait};
}

Result<void> MemoryBroker::delete_consumer(const std::string& stream, const std::string& consumer) {
  const std::lock_guard lock(mutex_);
  auto found = find_stream(stream);
  if (!found) {
    return fail(found.error());
  }
  if ((*found)->find_consumer(consumer) == nullptr) {
    return fail(no_consumer(stream, consumer));
  }
  (*found)->delete_consumer(consumer);
  wake_sources();
  return {};
}

Result<void> MemoryBroker::prepare_consumer(const SourceOptions& options) {
  const std::lock_guard lock(mutex_);
  auto stream = find_stream(options.stream);
  if (!stream) {
    return fail(stream.error());
  }
  return options.explicit_ack ? (*stream)->durable(options).map([](const auto*) {})
                              : Result<void>();
}

Result<std::unique_ptr<Source>> MemoryBroker::open_source(SourceOptions options) {
  const std::lock_guard lock(mutex_);
  auto stream = find_stream(options.stream);
  if (!stream) {
    return fail(stream.error());
  }
  std::string consumer = options.consumer;
  std::size_t max_unacknowledged = SIZE_MAX;
  std::uint64_t pending = (*stream)->pending_from(options.start_sequence, options.filter_subject);
  if (options.explicit_ack) {
    auto durable = (*stream)->durable(options);
    if (!durable) {
      return fail(durable.error());
    }
    if (auto settled = (*stream)->settle_missing(**durable, options); !settled) {
      return fail(settled.error());
    }
    (*durable)->stopped = std::max((*durable)->stopped - 1, 0);
    max_unacknowledged = (*durable)->max_ack_pending;
    pending = (*stream)->count_from((*durable)->next_stream_sequence, options.filter_subject) +
              (*durable)->pending.size();
  } else if ((*stream)->options().retention == Retention::kWorkQueue) {
    return fail(ErrorCode::kInvalid, "workqueue stream requires explicit ack");
  } else {
    consumer += fmt::format("-{}", ++last_source_);
  }
  auto source =
      std::make_unique<MemorySource>(*this, std::move(options), std::move(consumer),
                                     (*stream)->info().created, max_unacknowledged, pending);
  sources_.insert(source.get());
  return source;
}

Result<std::unique_ptr<Sink>> MemoryBroker::open_sink(SinkOptions) {
  const std::lock_guard lock(mutex_);
  if (auto up = status(); !up) {
    return fail(up.error());
  }
  auto sink = std::make_unique<MemorySink>(*this);
  sinks_.insert(sink.get());
  return sink;
}

Result<void> MemoryBroker::status() const {
  const std::lock_guard lock(mutex_);
  if (!available_) {
    return fail(ErrorCode::kUnavailable, "the connection to NATS was lost");
  }
  return {};
}

Result<MemoryStream*> MemoryBroker::find_stream(const std::string& name) {
  if (auto up = status(); !up) {
    return fail(up.error());
  }
  const auto found = streams_.find(name);
  if (found == streams_.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("stream {}: stream not found", name));
  }
  return found->second.get();
}

void MemoryBroker::wake_sources() {
  for (MemorySource* source : sources_) {
    source->wake();
  }
}

}  // namespace nats3::nats
