// HttpServer: carries HTTP/1.1 requests to a handler and its answers back, over cpp-httplib.
//
// Everything is bounded: threads, connections waiting for one, bytes and time of a request. A
// connection holds a thread while it's open, so idle ones are closed as soon as others wait.
// start() and stop() belong to one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "api/http.h"
#include "base/error.h"

namespace nats3::api {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  // Of the server's certificate and its key: see TlsIdentity. Both or neither: then without TLS.
  std::string certificate_file;
  std::string key_file;
  int threads = 16;
  std::size_t max_waiting = 64;  // connections accepted and not yet served; the kernel queues more
  int backlog = 128;             // connections the kernel queues
  std::size_t max_body_bytes = 1 << 20;
  std::chrono::milliseconds read_timeout{10'000};
  std::chrono::milliseconds write_timeout{60'000};  // for each piece of an answer
  std::chrono::milliseconds keep_alive{5'000};
  int max_requests_per_connection = 1'000;
};

class HttpServer {
 public:
  HttpServer(HttpServerOptions options, HttpHandler handler);
  // Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds and serves on threads of its own. Call once. Errors: kInvalid, when the address can't be
  // bound: which and why; those of TlsIdentity::load.
  [[nodiscard]] Result<void> start();

  // The port it listens on. After start().
  [[nodiscard]] std::uint16_t port() const;

  // Accepts no more, lets requests under way finish but for what waits for its client, closes all
  // connections. Again: does nothing.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nats3::api
