#include "nats/memory/memory_sink.h"

#include <fmt/format.h>

#include "nats/outgoing.h"

namespace nats3::nats {

MemorySink::~MemorySink() {
  const std::lock_guard lock(broker_.mutex_);
  broker_.sinks_.erase(this);
}

void MemorySink::lose(std::string why) {
  lost_ = Error{ErrorCode::kUnavailable, std::move(why)};
  for (PublishOutcome& outcome : outcomes_) {
    outcome.ack = fail(*lost_);
  }
  wake();
}

void MemorySink::wake() {
  if (ready_) {
    ready_();
  }
}

Result<PublishAck> MemorySink::store(const OutgoingMessage& message) {
  for (const auto& [name, stream] : broker_.streams_) {
    if (stream->stores(message.subject)) {
      auto ack = stream->store({.sequence = 0,
                                .time = {},
                                .subject = message.subject,
                                .headers = message.headers,
                                .payload = message.payload});
      broker_.wake_sources();
      return ack;
    }
  }
  return fail(ErrorCode::kUnavailable, "no stream stores that subject now: make one with it");
}

Result<void> MemorySink::publish(const OutgoingMessage& message, std::uint64_t token) {
  using Fault = MemoryBroker::PublishFault;
  const std::lock_guard lock(broker_.mutex_);
  if (lost_) {
    return fail(*lost_);
  }
  if (const std::size_t size = wire_size(message); size > broker_.max_payload_) {
    return fail(ErrorCode::kInvalid,
                fmt::format("a message to {} has {} bytes with its headers, and this NATS server "
                            "takes {}",
                            message.subject, size, broker_.max_payload_));
  }
  if (auto encoded = encode(message, ""); !encoded) {
    return fail(encoded.error());
  }
  const auto planned = broker_.faults_.find(++broker_.publishes_);
  if (planned == broker_.faults_.end()) {
    outcomes_.push_back({token, store(message)});
  } else if (planned->second == Fault::kRefuse || planned->second == Fault::kRefuseBad) {
    const bool bad = planned->second == Fault::kRefuseBad;
    outcomes_.push_back({token, fail(bad ? ErrorCode::kInvalid : ErrorCode::kUnavailable,
                                     "the stream refuses the message: a fault of the test")});
  } else {
    static_cast<void>(store(message));
    outcomes_.push_back({token, fail(ErrorCode::kUnavailable, "no acknowledgement came")});
    if (planned->second == Fault::kDisconnect) {
      lose("the connection to NATS was lost");
      return {};
    }
  }
  if (!broker_.acks_held_) {
    wake();
  }
  return {};
}

std::vector<PublishOutcome> MemorySink::take_outcomes() {
  const std::lock_guard lock(broker_.mutex_);
  if (broker_.acks_held_ && !lost_) {
    return {};
  }
  return std::exchange(outcomes_, {});
}

Result<void> MemorySink::flush() {
  const std::lock_guard lock(broker_.mutex_);
  return lost_ ? fail(*lost_) : Result<void>{};
}

void MemorySink::on_ready(std::function<void()> callback) {
  const std::lock_guard lock(broker_.mutex_);
  ready_ = std::move(callback);
}

}  // namespace nats3::nats
