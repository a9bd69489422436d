// A KeyValue bucket by plain JetStream calls, since libnats' own gives conflicts as text only and
// may read from a replica that lags. Other clients can read and write the same bucket.
// Source: NATS ADR-8, "JetStream based Key-Value Stores".
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "nats/broker.h"
#include "nats/client.h"

namespace nats3::nats {

struct KeyValueOptions {
  int replicas = 1;
  std::chrono::nanoseconds max_age{0};  // after which an entry goes by itself; 0: never
};

// Opens the bucket, making its stream (KV_<bucket>) when it's missing; an existing one stays as it
// is. Thread-safe. Errors: kUnavailable, kDenied; kInvalid (name; more replicas than servers).
[[nodiscard]] Result<std::unique_ptr<KeyValue>> make_key_value(std::shared_ptr<Client> client,
                                                               const std::string& bucket,
                                                               const KeyValueOptions& options);

// Errors: kInvalid unless `key` is of the characters KeyValue names, without empty tokens.
[[nodiscard]] Result<void> check_key(std::string_view key);
// Errors: kInvalid unless `prefix` is empty or of whole tokens.
[[nodiscard]] Result<void> check_prefix(std::string_view prefix);

}  // namespace nats3::nats
