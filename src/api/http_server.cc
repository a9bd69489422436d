#include "api/http_server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "api/connection_stream.h"
#include "api/transport/tls_transport.h"
#include "api/transport/transport.h"
#include "api/worker_queue.h"
#include "base/json.h"
#include "base/uuid.h"

namespace nats3::api {
namespace {

// Room for the request line and headers beside the body.
constexpr std::size_t kMaxHeadBytes = 32 << 10;
constexpr std::size_t kMaxLoggedPath = 200;
// Before an answer is cut: what a browser hasn't handed to its page by then is lost to that.
constexpr std::chrono::milliseconds kLastWords{200};

// cpp-httplib leads from a request's head to its handler through the Request alone, so what reading
// the body found wrong travels in this header. One of that name from outside is dropped.
constexpr const char* kRefusalHeader = "Nats3-Refusal";

struct Refusal {
  int status;
  std::string message;
};

// The length of the body that follows the head, or why it can't be taken.
// Source: RFC 9112, section 6.3.
tl::expected<std::size_t, Refusal> body_length(const httplib::Request& request, std::size_t limit) {
  if (request.has_header("Transfer-Encoding")) {
    return tl::unexpected(Refusal{411, "send the body with a Content-Length, not in chunks"});
  }
  if (request.has_header("Content-Encoding")) {
    return tl::unexpected(Refusal{415, "send the body without a Content-Encoding"});
  }
  if (!request.has_header("Content-Length")) {
    return 0;
  }
  const std::string text = request.get_header_value("Content-Length");
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error == std::errc::result_out_of_range || (error == std::errc{} && length > limit)) {
    return tl::unexpected(
        Refusal{413, fmt::format("the body has more than the {} bytes allowed", limit)});
  }
  if (error != std::errc{} || end != text.data() + text.size() ||
      request.get_header_value_count("Content-Length") != 1) {
    return tl::unexpected(Refusal{400, "the Content-Length is not one whole number"});
  }
  return length;
}

// Takes the request's body off `stream`, which cpp-httplib would do without bounds of its own, and
// waiting for the connection's end when a POST has no Content-Length.
std::optional<Refusal> read_body(httplib::Request& request, ConnectionStream& stream,
                                 std::size_t limit) {
  const bool several = request.ranges.size() > 1;
  request.ranges.clear();  // answers are small and always whole, this refusal too
  if (several) {
    return Refusal{416, "several ranges in one request are not served"};
  }
  const auto length = body_length(request, limit);
  if (!length) {
    return length.error();
  }
  if (request.get_header_value("Expect") == "100-continue") {
    request.headers.erase("Expect");
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    stream.write(kContinue.data(), kContinue.size());
  }
  if (!stream.read_exactly(*length, request.body)) {
    return Refusal{408, "the body did not arrive whole in time"};
  }
  return std::nullopt;
}

HttpRequest to_request(const httplib::Request& from) {
  return {.method = from.method,
          .path = from.path,
          .query = from.params,
          .content_type = from.get_header_value("Content-Type"),
          .fetch_site = from.get_header_value("Sec-Fetch-Site"),
          .authorization = from.get_header_value("Authorization"),
          .body = from.body};
}

// The body of an answer that is made while it is sent.
class LineSource {
 public:
  LineSource(std::string client, const HttpResponse& response)
      : client_(std::move(client)), pending_(response.body), more_(response.more) {}

  // Writes what there is next. False: the connection is to be cut.
  bool operator()(std::size_t /*offset*/, httplib::DataSink& sink) {
    std::optional<std::string> lines = std::exchange(pending_, std::nullopt);
    if (!lines) {
      auto next = more_();
      if (!next) {
        spdlog::warn("an answer to {} breaks off: {}", client_, next.error().message);
        const std::string line = error_response(500, next.error().message).body + "\n";
        sink.write(line.data(), line.size());
        std::this_thread::sleep_for(kLastWords);
        return false;
      }
      if (!*next) {
        sink.done();
        return true;
      }
      lines = std::move(*next);
    }
    if (lines->empty()) {
      *lines = "\n";  // shows each side that the other is still there
    }
    if (!sink.write(lines->data(), lines->size())) {
      spdlog::info("{} reads no more of its answer", client_);
      return false;
    }
    return true;
  }

 private:
  std::string client_;
  std::optional<std::string> pending_;
  std::function<Result<std::optional<std::string>>()> more_;
};

// `client`: who gets it, for the log.
void set_response(const HttpResponse& from, const std::string& client, httplib::Response& to) {
  to.status = from.status;
  if (from.more) {
    to.set_chunked_content_provider(from.content_type, LineSource(client, from));
  } else {
    to.set_content(from.body, from.content_type);
  }
  for (const auto& [name, value] : from.headers) {
    to.set_header(name, value);
  }
}

std::string_view reason_for(int status) {
  switch (status) {
    case 414:
      return "the request's address is too long";
    case 416:
      return "the Range header can't be used";
    default:
      return "not an HTTP/1.1 request this server can read";
  }
}

}  // namespace

class HttpServer::Impl final : private httplib::Server {
 public:
  Impl(HttpServerOptions options, HttpHandler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {
    set_payload_max_length(options_.max_body_bytes);
    set_tcp_nodelay(true);
    // The library's default is SO_REUSEPORT, with which two servers share one port unnoticed.
    set_socket_options([](socket_t socket) {
      const int on = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    });
    set_default_headers({{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}});
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (response.body.empty()) {  // the library's own refusal
        set_response(error_response(response.status, reason_for(response.status)), "", response);
      }
    });
    new_task_queue = [this] {
      auto* const queue = new WorkerQueue(options_.threads, options_.max_waiting);
      queue_ = queue;
      return queue;  // owned by the library
    };
  }

  Result<void> start() {
    if (!options_.certificate_file.empty()) {
      auto identity = TlsIdentity::load(options_.certificate_file, options_.key_file);
      if (!identity) {
        return fail(identity.error());
      }
      identity_ = std::move(*identity);
    }
    errno = 0;
    int bound = options_.port;
    if (options_.port == 0) {
      bound = bind_to_any_port(options_.host);
    } else if (!bind_to_port(options_.host, options_.port)) {
      bound = -1;
    }
    if (bound < 0 || ::listen(svr_sock_, options_.backlog) != 0) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("can't listen on {}:{}: {}; choose another address with server.addr",
                              options_.host, options_.port,
                              errno == 0 ? "no such address" : std::strerror(errno)));
    }
    port_ = static_cast<std::uint16_t>(bound);
    thread_ = std::thread([this] {
      listen_after_bind();
      ended_ = true;
    });
    while (!is_running() && !ended_) {  // stop() is heard only after this; takes microseconds
      std::this_thread::yield();
    }
    return {};
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

  void stop_serving() {
    if (thread_.joinable()) {
      httplib::Server::stop();
      thread_.join();
    }
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    ConnectionStream stream(socket,
                            identity_ ? identity_->accept(socket) : make_plain_transport(socket),
                            {.max_request_bytes = options_.max_body_bytes + kMaxHeadBytes,
                             .read_timeout = options_.read_timeout,
                             .write_timeout = options_.write_timeout,
                             .give_up = [this] { return stopping(); }});
    const auto not_wanted = [&] { return stopping() || queue_->crowded(); };
    try {
      // The first request is waited for even when others wait: its client has just come.
      bool go_on = stream.wait_for_request(options_.keep_alive, [this] { return stopping(); });
      for (int left = options_.max_requests_per_connection; go_on && left > 0; --left) {
        go_on = serve_one(stream, left == 1) &&
                stream.wait_for_request(options_.keep_alive, not_wanted);
      }
    } catch (const std::exception& error) {
      spdlog::error("a request ended the connection: {}", error.what());
    }
    stream.finish();
    return true;
  }

  // Returns whether the connection may carry another request.
  bool serve_one(ConnectionStream& stream, bool last) {
    bool whole = false;  // the request was read to its end, so that what follows is another
    bool closing = false;
    const auto setup = [&](httplib::Request& request) {
      request.headers.erase(kRefusalHeader);
      if (auto refusal = read_body(request, stream, options_.max_body_bytes)) {
        request.headers.erase("Connection");
        request.set_header("Connection", "close");
        request.set_header(kRefusalHeader, fmt::format("{} {}", refusal->status, refusal->message));
        return;
      }
      whole = true;
    };
    // A stop cuts an answer of lines, which nothing may follow.
    return process_request(stream, last, closing, setup) && whole && !closing && !stopping();
  }

  [[nodiscard]] bool stopping() const { return svr_sock_ == INVALID_SOCKET; }

  void answer(const httplib::Request& request, httplib::Response& response) {
    const MonotonicTime begin = Clock::system().monotonic();
    HttpResponse answer = response_to(request);
    if (answer.more && request.version == "HTTP/1.0") {
      answer = error_response(505,
                              "this is answered in pieces, which takes HTTP/1.1: a proxy "
                              "before nats3 may have to be told to speak it");
    }
    set_response(answer, fmt::format("{} {}", request.remote_addr, request.path), response);
    const auto took = Clock::system().monotonic() - begin;
    log(request, response.status, took, reason_of(answer));
  }

  // Why it was refused: " (no such job)"; "" if it wasn't.
  static std::string reason_of(const HttpResponse& answer) {
    if (answer.status < 400) {
      return "";
    }
    const auto body = parse_json(answer.body);
    return body && body->is_object() && body->contains("error") && (*body)["error"].is_string()
               ? fmt::format(" ({})", (*body)["error"].get<std::string>())
               : "";
  }

  static std::string without_controls(std::string text) {
    std::ranges::replace_if(text, [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
    return text;
  }

  // What changes something is told without being asked for.
  static void log(const httplib::Request& request, int status, std::chrono::nanoseconds took,
                  const std::string& reason) {
    const bool asks_only = request.method == "GET" || request.method == "HEAD";
    std::string what = without_controls(request.path.substr(0, kMaxLoggedPath));
    if (const std::string job = request.get_param_value("job_id"); is_uuid(job)) {
      what += " job " + job;
    }
    spdlog::log(asks_only ? spdlog::level::debug : spdlog::level::info, "{} {} {} {} {:.1f} ms{}",
                request.remote_addr, request.method, what, status,
                std::chrono::duration<double, std::milli>(took).count(), without_controls(reason));
  }

  HttpResponse response_to(const httplib::Request& request) {
    if (request.has_header(kRefusalHeader)) {
      const std::string refusal = request.get_header_value(kRefusalHeader);
      return error_response(std::stoi(refusal.substr(0, 3)), refusal.substr(4));
    }
    try {
      return handler_(to_request(request));
    } catch (const std::exception& error) {
      spdlog::error("{} {}: {}", request.method, request.path, error.what());
      return error_response(500, "internal server error; the server's log says more");
    }
  }

  const HttpServerOptions options_;
  const HttpHandler handler_;
  std::unique_ptr<TlsIdentity> identity_;  // null: without TLS
  WorkerQueue* queue_ = nullptr;           // lives while connections are served
  std::uint16_t port_ = 0;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

HttpServer::HttpServer(HttpServerOptions options, HttpHandler handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}
HttpServer::~HttpServer() { stop(); }
Result<void> HttpServer::start() { return impl_->start(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
void HttpServer::stop() { impl_->stop_serving(); }

}  // namespace nats3::api
