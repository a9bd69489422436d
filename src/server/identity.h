// Who this server is among those that share the jobs.
#pragma once

#include <cstdint>
#include <string>

namespace nats3::server {

struct Identity {
  std::string id;    // 16 hexadecimal digits
  std::string name;  // for people: host:port
};

// The identity of a server that listens on `host`:`port`, which it alone can on this machine (or in
// this network namespace) while it lives. So a process that comes to the same identity later knows
// that the earlier one is dead, and goes on with its jobs at once instead of waiting for its lease.
// Where the kernel doesn't say which machine and namespace this is, the identity is a new one.
[[nodiscard]] Identity make_identity(const std::string& host, std::uint16_t port);

}  // namespace nats3::server
