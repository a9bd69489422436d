// Transport: the bytes of an accepted connection, as they are or over TLS (tls_transport.h).
//
// Never blocks: what has to be waited for is told, and waiting is the caller's. Belongs to one
// thread. Doesn't own the socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nats3::api {

class Transport {
 public:
  struct Moved {
    std::size_t bytes = 0;
    // Without bytes: try again after these events (of poll); 0: the connection has ended.
    std::int16_t wait_for = 0;
  };

  virtual ~Transport() = default;

  virtual Moved receive(char* out, std::size_t size) = 0;
  virtual Moved send(const char* data, std::size_t size) = 0;
  // Tells the client that nothing more is sent.
  virtual void end() = 0;
};

[[nodiscard]] std::unique_ptr<Transport> make_plain_transport(int socket);

}  // namespace nats3::api
