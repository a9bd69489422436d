#include "api/transport/transport.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace nats3::api {
namespace {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int socket) : socket_(socket) {}

  Moved receive(char* out, std::size_t size) override {
    return moved(::recv(socket_, out, size, MSG_DONTWAIT), POLLIN);
  }
  Moved send(const char* data, std::size_t size) override {
    return moved(::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT), POLLOUT);
  }
  void end() override { ::shutdown(socket_, SHUT_WR); }

 private:
  static Moved moved(ssize_t count, std::int16_t event) {
    if (count >= 0) {
      return {.bytes = static_cast<std::size_t>(count)};
    }
    const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {.wait_for = later ? event : std::int16_t{0}};
  }

  const int socket_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int socket) {
  return std::make_unique<PlainTransport>(socket);
}

}  // namespace nats3::api
