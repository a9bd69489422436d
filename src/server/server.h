// Server: `nats3 serve`, wired from its configuration.
//
// Starts whether or not NATS and the object store can be reached: it says what it waits for, in its
// log and at /ready, and goes on when they come.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "config/config.h"

namespace nats3::server {

class Server {
 public:
  // Errors: kInvalid, for a configuration that can't work.
  static Result<std::unique_ptr<Server>> start(const config::Config& config,
                                               const std::string& version);
  // Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  // Takes no more requests, has the jobs write what they hold (at most for 15 s), and ends them.
  // Running jobs stay running on record, and go on at the next start. Again: does nothing.
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nats3::server
