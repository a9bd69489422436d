// For tests only: an HTTP client that does what no library would.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "api/http_server.h"
#include "base/clock.h"

namespace nats3::api {

inline constexpr std::chrono::milliseconds kPatience{10'000};

// A client that sends exactly the bytes it's told.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return;  // the server hung up: what it said before counts
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // Reads until `text` has come, or to the end.
  std::string read_until(std::string_view text) {
    const MonotonicTime deadline = Clock::system().monotonic() + kPatience;
    while (received_.find(text) == std::string::npos && read_some(deadline)) {
    }
    return received_;
  }

  // Everything until the server closes.
  std::string read_all() {
    const MonotonicTime deadline = Clock::system().monotonic() + kPatience;
    while (read_some(deadline)) {
    }
    return received_;
  }

 private:
  bool read_some(MonotonicTime deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::system().monotonic())
            .count();
    pollfd poll_for{.fd = socket_, .events = POLLIN, .revents = 0};
    std::array<char, 4096> buffer{};
    const ssize_t got = ::poll(&poll_for, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0
                            ? ::recv(socket_, buffer.data(), buffer.size(), 0)
                            : 0;
    received_.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return got > 0;
  }

  const int socket_;
  std::string received_;
};

inline std::string talk(const HttpServer& server, std::string_view bytes) {
  RawClient client(server.port());
  client.send(bytes);
  return client.read_all();
}

}  // namespace nats3::api
