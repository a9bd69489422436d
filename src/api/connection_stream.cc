#include "api/connection_stream.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace nats3::api {
namespace {

using std::chrono::milliseconds;

// How often a connection that waits asks whether it should go on.
constexpr milliseconds kSlice{100};
constexpr milliseconds kLingerTime{500};
constexpr std::size_t kLingerBytes = std::size_t{4} << 20;

MonotonicTime now() { return Clock::system().monotonic(); }

void name_of(const sockaddr_storage& address, socklen_t size, std::string& ip, int& port) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(),
                  service.data(), service.size(), NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
    ip = host.data();
    port = std::atoi(service.data());
  }
}

}  // namespace

ConnectionStream::ConnectionStream(int socket, std::unique_ptr<Transport> transport,
                                   ConnectionLimits limits)
    : socket_(socket),
      transport_(std::move(transport)),
      limits_(std::move(limits)),
      request_bytes_left_(limits_.max_request_bytes) {}

ConnectionStream::~ConnectionStream() { ::close(socket_); }

bool ConnectionStream::wait_for_request(milliseconds timeout,
                                        const std::function<bool()>& give_up) {
  const MonotonicTime deadline = now() + timeout;
  while (begin_ == end_) {
    if (give_up() || now() >= deadline) {
      return false;
    }
    const Transport::Moved moved = receive();
    if (moved.bytes == 0 && moved.wait_for == 0) {
      return false;
    }
    if (moved.bytes == 0) {
      static_cast<void>(wait(moved.wait_for, std::min(deadline, now() + kSlice)));
    }
  }
  read_deadline_ = now() + limits_.read_timeout;
  request_bytes_left_ = limits_.max_request_bytes;
  return true;
}

bool ConnectionStream::read_exactly(std::size_t size, std::string& out) {
  out.resize(size);
  for (std::size_t have = 0; have < size;) {
    const ssize_t got = read(out.data() + have, size - have);
    if (got <= 0) {
      return false;
    }
    have += static_cast<std::size_t>(got);
  }
  return true;
}

void ConnectionStream::finish() {
  transport_->end();
  const MonotonicTime deadline = now() + kLingerTime;
  for (std::size_t dropped = 0; dropped < kLingerBytes && wait(POLLIN, deadline);) {
    const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got <= 0) {
      return;
    }
    dropped += static_cast<std::size_t>(got);
  }
}

ssize_t ConnectionStream::read(char* out, std::size_t size) {
  if (request_bytes_left_ == 0 || (begin_ == end_ && !fill(read_deadline_))) {
    return -1;
  }
  const std::size_t count = std::min({size, end_ - begin_, request_bytes_left_});
  std::memcpy(out, buffer_.data() + begin_, count);
  begin_ += count;
  request_bytes_left_ -= count;
  return static_cast<ssize_t>(count);
}

ssize_t ConnectionStream::write(const char* data, std::size_t size) {
  const MonotonicTime deadline = now() + limits_.write_timeout;
  while (true) {
    const Transport::Moved moved = transport_->send(data, size);
    if (moved.bytes > 0) {
      return static_cast<ssize_t>(moved.bytes);
    }
    if (moved.wait_for == 0 || !wait(moved.wait_for, deadline)) {
      return -1;
    }
  }
}

void ConnectionStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    name_of(address, size, ip, port);
  }
}

void ConnectionStream::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    name_of(address, size, ip, port);
  }
}

bool ConnectionStream::wait(std::int16_t events, MonotonicTime deadline) const {
  while (true) {
    const auto left = std::min(std::chrono::ceil<milliseconds>(deadline - now()), kSlice);
    pollfd poll_for{.fd = socket_, .events = events, .revents = 0};
    const int ready =
        ::poll(&poll_for, 1, static_cast<int>(std::max(left, milliseconds{0}).count()));
    if (ready > 0) {
      return true;  // an error or hang-up too: the call that follows finds out
    }
    if (ready < 0 && errno != EINTR) {
      return false;
    }
    if (ready == 0 && (now() >= deadline || limits_.give_up())) {
      return false;
    }
  }
}

bool ConnectionStream::fill(MonotonicTime deadline) {
  while (true) {
    const Transport::Moved moved = receive();
    if (moved.bytes > 0) {
      return true;
    }
    if (moved.wait_for == 0 || !wait(moved.wait_for, deadline)) {
      return false;
    }
  }
}

// Into the empty buffer.
Transport::Moved ConnectionStream::receive() {
  const Transport::Moved moved = transport_->receive(buffer_.data(), buffer_.size());
  begin_ = 0;
  end_ = moved.bytes;
  return moved;
}

}  // namespace nats3::api
