// The Broker of a real NATS. Thread-safe, as Broker says.
#pragma once

#include <memory>

#include "nats/broker.h"
#include "nats/client.h"

namespace nats3::nats {

// `requests`: for questions and answers; key-value buckets may share it. `deliveries`: over which
// sources read; apart from the other one, since an answer waits behind what is being delivered.
// Sinks get connections of their own.
[[nodiscard]] std::unique_ptr<Broker> make_broker(std::shared_ptr<Client> requests,
                                                  std::shared_ptr<Client> deliveries);

}  // namespace nats3::nats
