// Deliveries: the connection that messages are received over, shared by all sources. Gives out the
// link that is up, and opens another once that is lost.
// Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <random>

#include "base/backoff.h"
#include "base/clock.h"
#include "nats/connection_options.h"
#include "nats/delivery_link.h"

namespace nats3::nats {

class Deliveries {
 public:
  // Connects when the first link is asked for.
  explicit Deliveries(ConnectionOptions options) : options_(std::move(options)) {}

  // The link to use now. Connecting takes up to the connect timeout for each server, and isn't
  // tried again at once when it has failed. Errors: as Channel::open.
  [[nodiscard]] Result<std::shared_ptr<DeliveryLink>> link();

 private:
  std::shared_ptr<DeliveryLink> current() const;
  Result<std::shared_ptr<DeliveryLink>> reopen();

  const ConnectionOptions options_;
  std::mutex opening_;  // held while a link is opened; before mutex_
  Backoff backoff_{
      {.first = std::chrono::milliseconds{100}, .cap = std::chrono::milliseconds{1'000}},
      std::random_device{}()};
  MonotonicTime next_attempt_;
  mutable std::mutex mutex_;
  std::shared_ptr<DeliveryLink> link_;
  Error failure_;  // of the last attempt
};

}  // namespace nats3::nats
