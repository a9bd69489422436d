// ConnectionStream: one client's connection, with everything about it bounded: the bytes of a
// request, the time it may take to arrive, the time an answer may take to leave.
//
// cpp-httplib's own stream bounds each read but not a request as a whole, neither in time nor in
// bytes of headers. Belongs to one thread.
#pragma once

#include <httplib.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "api/transport/transport.h"
#include "base/clock.h"

namespace nats3::api {

struct ConnectionLimits {
  std::size_t max_request_bytes = 0;           // request line, headers and body
  std::chrono::milliseconds read_timeout{0};   // for a whole request, from its first byte
  std::chrono::milliseconds write_timeout{0};  // for each piece of an answer
  // Asked several times a second while the connection waits for its client: true ends that.
  std::function<bool()> give_up = [] { return false; };
};

class ConnectionStream final : public httplib::Stream {
 public:
  // Takes over `socket`, whose bytes `transport` carries: closes it at the end.
  ConnectionStream(int socket, std::unique_ptr<Transport> transport, ConnectionLimits limits);
  ~ConnectionStream() override;
  ConnectionStream(const ConnectionStream&) = delete;
  ConnectionStream& operator=(const ConnectionStream&) = delete;

  // Waits for the first byte of the next request, for which limits count anew. False when `timeout`
  // passed, the client went away, or `give_up` (asked several times a second) said so.
  bool wait_for_request(std::chrono::milliseconds timeout, const std::function<bool()>& give_up);

  // Reads exactly `size` bytes into `out`. False when limits or the client end it.
  bool read_exactly(std::size_t size, std::string& out);

  // Ends the connection so that the client gets to read the last answer although parts of its
  // request weren't read: closing at once would reset it.
  void finish();

  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override { return true; }
  ssize_t read(char* out, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return socket_; }

 private:
  // Waits until `events` (poll), `deadline`, or until it gives up.
  [[nodiscard]] bool wait(std::int16_t events, MonotonicTime deadline) const;
  [[nodiscard]] bool fill(MonotonicTime deadline);
  [[nodiscard]] Transport::Moved receive();

  const int socket_;
  const std::unique_ptr<Transport> transport_;
  const ConnectionLimits limits_;
  MonotonicTime read_deadline_;
  std::size_t request_bytes_left_;
  std::array<char, 8192> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace nats3::api
