// DialedSocket: a connection to NATS that libnats has made (addresses, login, first PING and PONG),
// and whose socket is ours from then on.
//
// How: through libnats' hooks for event loops. It gives the socket away when it is connected, and
// touches it only when an event loop tells it to, which never happens. No TLS, which libnats keeps
// to itself: where a server demands it, libnats agrees, and what we say isn't understood.
// Not thread-safe.
#pragma once

#include <nats/nats.h>

#include <cstddef>
#include <utility>

#include "base/error.h"
#include "nats/connection_options.h"

namespace nats3::nats {

class DialedSocket {
 public:
  // Takes up to the connect timeout for each server. Errors: kUnavailable, kDenied, kInvalid
  // (options that libnats refuses).
  static Result<DialedSocket> dial(const ConnectionOptions& options);

  DialedSocket(DialedSocket&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), fd_(other.fd_) {}
  DialedSocket& operator=(DialedSocket&&) = delete;
  ~DialedSocket();  // closes it

  [[nodiscard]] int fd() const { return fd_; }  // does not block
  // The largest header and payload that the server takes.
  [[nodiscard]] std::size_t max_payload() const;

 private:
  DialedSocket(natsConnection* connection, int fd) : connection_(connection), fd_(fd) {}

  natsConnection* connection_;
  int fd_;  // libnats'
};

}  // namespace nats3::nats
