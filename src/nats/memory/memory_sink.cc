#include "nats/memory/memory_sink.h"

#include <fmt/format.h>

#include "nats/outgoing.h"

namespace nats3::nats {

MemorySink::~MemorySink() {
  const std::lock_guard lock(broker_.mutex_);
  broker_.sinks_.erase(this);
  for (auto& message : broker_.on_their_way_) {
    message.sink = message.sink == this ? nullptr : message.sink;
  }
}

void MemorySink::lose(std::string why) {
  lost_ = Error{ErrorCode::kUnavailable, std::move(why)};
  for (PublishOutcome& outcome : outcomes_) {
    outcome.ack = fail(*lost_);
  }
  for (auto& message : broker_.on_their_way_) {
    if (message.sink == this) {
      outcomes_.push_back({message.token, fail(*lost_)});
      message.sink = nullptr;
    }
  }
  wake();
}

void MemorySink::wake() {
  if (ready_) {
    ready_();
  }
}

void MemorySink::arrived(std::uint64_t token, Result<PublishAck> ack,
                         std::optional<MemoryBroker::PublishFault> fault) {
  using Fault = MemoryBroker::PublishFault;
  if (fault == Fault::kLoseAck || fault == Fault::kDisconnect) {
    ack = fail(ErrorCode::kUnavailable, "no acknowledgement came");
  }
  outcomes_.push_back({token, std::move(ack)});
  if (fault == Fault::kDisconnect) {
    lose("the connection to NATS was lost");
  } else if (!broker_.acks_held_) {
    wake();
  }
}

Result<void> MemorySink::publish(const OutgoingMessage& message, std::uint64_t token) {
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
  if (auto carried = check_carried(message); !carried) {
    return carried;
  }
  const auto planned = broker_.faults_.find(++broker_.publishes_);
  broker_.on_their_way_.push_back(
      {.sink = this,
       .token = token,
       .message = OwnedMessage(archive::Message{.sequence = 0,
                                                .time = {},
                                                .subject = message.subject,
                                                .headers = message.headers,
                                                .payload = message.payload}),
       .fault = planned == broker_.faults_.end() ? std::nullopt : std::optional(planned->second)});
  if (!broker_.publishes_held_) {
    broker_.deliver(broker_.on_their_way_.size(), false);
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
