// The Broker over libnats. Thread-safe, as Broker says.
#pragma once

#include <memory>

#include "nats/broker.h"
#include "nats/client.h"

namespace nats3::nats {

// Shares `client` with key-value buckets; sinks get connections of their own.
[[nodiscard]] std::unique_ptr<Broker> make_broker(std::shared_ptr<Client> client);

}  // namespace nats3::nats
