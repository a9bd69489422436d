// ConsumerInfo: what JetStream tells of a consumer. Plain values: any thread.
// Source: https://docs.nats.io/reference/reference-protocols/nats_api_reference
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace nats3::nats {

struct ConsumerConfig {
  std::vector<std::string> filters;  // none: everything
  std::string ack_policy;
  std::string deliver_policy;
  std::string deliver_subject;  // "": a pull consumer
  std::chrono::nanoseconds ack_wait{0};
  std::int64_t max_deliver = -1;
  bool headers_only = false;
  // What it allows at a time; 0 or less: any number.
  std::int64_t max_ack_pending = 0;
  std::int64_t max_batch = 0;
  std::int64_t max_bytes = 0;
  std::chrono::nanoseconds max_expires{0};

  [[nodiscard]] bool explicit_ack() const { return ack_policy == "explicit"; }
};

struct ConsumerInfo {
  std::string name;
  ConsumerConfig config;
  std::uint64_t pending = 0;
  std::uint64_t unacknowledged = 0;  // delivered, and waiting for an ack
  std::uint64_t ack_floor = 0;       // stream sequence
  std::uint64_t delivered = 0;       // likewise, the highest one
  bool paused = false;               // nats-server 2.11 and later
};

// The answer to CONSUMER.INFO or CONSUMER.CREATE, or an entry of CONSUMER.LIST. Errors: kInternal.
[[nodiscard]] Result<ConsumerInfo> parse_consumer_info(const Json& answer);

}  // namespace nats3::nats
