// HTTP over libcurl: whole requests, whole answers, kept-alive connections.
//
// Thread-safe: each call borrows an easy handle, with its connections, from a pool. No answer is
// followed, retried or understood here. The process must ignore SIGPIPE, which main() sees to: a
// peer that closes a TLS connection raises it, and libcurl can't prevent that without signals.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace nats3::object {

using NameValue = std::pair<std::string, std::string>;
using NameValues = std::vector<NameValue>;

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  // A whole request with its answer: what is sent or received at once must pass in this time.
  std::chrono::milliseconds attempt_timeout{120'000};
  // An attempt that moves less than this on average over this time is given up.
  std::int64_t stalled_bytes_per_second = 1;
  std::chrono::seconds stalled_after{60};
  std::string ca_file = {};   // "" for the system's certificates
  bool may_use_proxy = true;  // the one of the environment (https_proxy and the like)
};

struct HttpRequest {
  std::string method;
  std::string url;  // encoded
  NameValues headers;
  std::string_view body;               // must outlive the call
  std::uint64_t max_answer_bytes = 0;  // of a success; of an error, the start is kept
  // Whether silence for long is a stall, or the server may be at work.
  enum class Silence { kStalls, kIsWork } silence = Silence::kStalls;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case
  std::string body;

  // The header `name` (lower case), or "".
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

class Transport {
 public:
  explicit Transport(HttpOptions options);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Sends `request` and waits for the whole answer, of whatever status.
  // Errors: kUnavailable (no connection, a timeout, a reset, a cut answer), kDenied (the server's
  // certificate isn't trusted), kInvalid (a URL that isn't one; an answer over max_answer_bytes).
  [[nodiscard]] Result<HttpAnswer> send(const HttpRequest& request);

 private:
  class Handles;
  void set_limits(void* handle, HttpRequest::Silence silence) const;

  HttpOptions options_;
  std::unique_ptr<Handles> handles_;
};

}  // namespace nats3::object
