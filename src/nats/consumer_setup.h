// Makes or binds to the JetStream consumer that a Source reads from. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "nats/api.h"
#include "nats/broker.h"

namespace nats3::nats {

struct OpenConsumer {
  std::string stream;
  std::string name;
  bool explicit_ack = false;
  bool may_pass_over = false;  // see passed_over.h
  std::size_t max_unacknowledged = SIZE_MAX;
  std::uint64_t pending = 0;  // messages it had to deliver when it was opened
  // Stream sequences that it, or its ack floor, may wait for in vain: to be acknowledged.
  std::vector<std::uint64_t> missing;
  // What its configuration allows one pull request.
  std::size_t max_request_messages = SIZE_MAX;
  std::size_t max_request_bytes = SIZE_MAX;
  std::chrono::nanoseconds max_request_wait = std::chrono::nanoseconds::max();
  // Nothing is to be requested before this has passed: see SourceOptions::redelivered_first.
  std::chrono::nanoseconds hold_off{0};
};

// As Broker::open_source says: a fresh consumer for limits streams, the durable one of that name
// for explicit acks. Errors: as there.
[[nodiscard]] Result<OpenConsumer> open_consumer(Api& api, const SourceOptions& options);

// Whether `config` (of an existing consumer) can serve `options`. Errors: kInvalid, saying what
// differs and what to do.
[[nodiscard]] Result<void> check_existing_consumer(const ConsumerConfig& config,
                                                   const SourceOptions& options);

}  // namespace nats3::nats
