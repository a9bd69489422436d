// Client: a connection to NATS that many share. Gives out the link that is up, and makes a new one
// when libnats has given the old one up for good (which it does after two refused logins).
// Thread-safe; shared by the Broker, its sources and the key-value buckets.
#pragma once

#include <memory>
#include <mutex>

#include "base/backoff.h"
#include "base/clock.h"
#include "nats/connection_options.h"
#include "nats/link.h"

namespace nats3::nats {

class Client {
 public:
  // Tries to connect, once; when no server answers it goes on trying in the background.
  // Errors: kInvalid (options).
  static Result<std::shared_ptr<Client>> make(ConnectionOptions options);

  // The link to use now. Errors: kUnavailable, kDenied: why there is none that is connected.
  [[nodiscard]] Result<std::shared_ptr<Link>> link();

  // Whether NATS is connected, and why not. Never blocks for long.
  [[nodiscard]] Result<void> status() const;

  [[nodiscard]] const ConnectionOptions& options() const { return options_; }

 private:
  explicit Client(ConnectionOptions options) : options_(std::move(options)) {}

  const ConnectionOptions options_;
  std::mutex opening_;  // held while a link is opened; before mutex_
  Backoff backoff_;
  MonotonicTime next_attempt_;
  mutable std::mutex mutex_;
  std::shared_ptr<Link> link_;
};

}  // namespace nats3::nats
