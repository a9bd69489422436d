#include "object/http/transport.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <utility>
#include <vector>

#include "base/ascii.h"

namespace nats3::object {
namespace {

constexpr std::size_t kMaxIdleHandles = 32;
constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kMaxHeaderBytes = 16 << 10;
constexpr std::size_t kMaxErrorBytes = 256 << 10;
constexpr long kBufferBytes = 256 << 10;  // NOLINT(google-runtime-int): libcurl's

struct CleanUpEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

// An easy handle with the connection it keeps.
struct Connection {
  std::unique_ptr<CURL, CleanUpEasy> easy;
  curl_socket_t socket = CURL_SOCKET_BAD;
};

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// What the callbacks of one request write to.
struct Receiver {
  HttpAnswer answer;
  std::uint64_t max_bytes = 0;
  int status = 0;
  curl_socket_t socket = CURL_SOCKET_BAD;
  bool too_big = false;
};

int on_socket(void* context, curl_socket_t socket, curlsocktype) {
  static_cast<Receiver*>(context)->socket = socket;
  return CURL_SOCKOPT_OK;
}

// Acknowledges what has come at once. A server that sends header and body apart without
// TCP_NODELAY, as Ceph's gateway does by default, holds the body back until then: 40 ms with a
// delayed acknowledgement, on every small request.
void acknowledge_now(curl_socket_t socket) {
#ifdef TCP_QUICKACK
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
  static_cast<void>(socket);
#endif
}

std::size_t on_header(const char* data, std::size_t size, std::size_t count, void* context) {
  auto& receiver = *static_cast<Receiver*>(context);
  auto& headers = receiver.answer.headers;
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {  // the headers before were those of an interim answer
    headers.clear();
    const std::string_view status = trim(line.substr(std::min(line.find(' '), line.size())));
    std::from_chars(status.data(), status.data() + status.size(), receiver.status);
    return line.size();
  }
  if (trim(line).empty()) {
    acknowledge_now(receiver.socket);
  }
  const std::size_t colon = line.find(':');
  if (colon != line.npos && line.size() <= kMaxHeaderBytes && headers.size() < kMaxHeaders) {
    headers.emplace(lower_case(std::string(trim(line.substr(0, colon)))),
                    trim(line.substr(colon + 1)));
  }
  return line.size();
}

std::size_t on_body(const char* data, std::size_t size, std::size_t count, void* context) {
  auto& receiver = *static_cast<Receiver*>(context);
  std::string& body = receiver.answer.body;
  const std::size_t bytes = size * count;
  if (receiver.status / 100 != 2) {
    // What an error's status says matters more than the end of a long text.
    body.append(data, std::min(bytes, kMaxErrorBytes - std::min(kMaxErrorBytes, body.size())));
    return bytes;
  }
  if (bytes > receiver.max_bytes - body.size()) {
    receiver.too_big = true;
    return CURL_WRITEFUNC_ERROR;
  }
  if (body.empty()) {
    std::uint64_t announced = 0;
    const std::string_view length = receiver.answer.header("content-length");
    std::from_chars(length.data(), length.data() + length.size(), announced);
    body.reserve(std::min(announced, receiver.max_bytes));
  }
  body.append(data, bytes);
  return bytes;
}

Error transport_error(CURLcode code, std::string_view detail) {
  const std::string_view what = detail.empty() ? curl_easy_strerror(code) : detail;
  switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return {ErrorCode::kInvalid, fmt::format("{}; correct the endpoint's URL", what)};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return {
          ErrorCode::kDenied,
          fmt::format("{}; the server's certificate must be one that this machine trusts", what)};
    case CURLE_OUT_OF_MEMORY:
      return {ErrorCode::kInternal, std::string(what)};
    case CURLE_PARTIAL_FILE:
      return {ErrorCode::kUnavailable, fmt::format("the answer was cut: {}", what)};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return {ErrorCode::kUnavailable,
              fmt::format("{}; is the endpoint right, and is the server up?", what)};
    default:
      return {ErrorCode::kUnavailable, std::string(what)};
  }
}

HeaderList header_list(const NameValues& headers) {
  HeaderList list;
  const auto append = [&](const std::string& line) {
    list.reset(curl_slist_append(list.release(), line.c_str()));
  };
  for (const auto& [name, value] : headers) {
    // curl leaves out a header without a value, unless it ends in a semicolon.
    append(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  append("Expect:");  // saves a round trip with each body
  append("Accept:");
  return list;
}

// `request` and `headers` must outlive the transfer.
void set_request(CURL* handle, const HttpRequest& request, const HeaderList& headers) {
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "nats3");
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "PUT" || request.method == "POST") {
    // POSTFIELDS, also for PUT: curl can then send a body again if a kept connection turns out
    // dead.
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  }
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

// `receiver` and `detail` must outlive the transfer.
void set_receiver(CURL* handle, Receiver& receiver, char* detail) {
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &receiver);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, &on_socket);
  curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, &receiver);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kBufferBytes);
}

// Initialises libcurl once for the process; it is never torn down, as other users of it may live
// on.
void init_curl() {
  static const CURLcode kDone = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(kDone);
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

// Idle easy handles. Each keeps its connection, so the last one given back is lent first.
class Transport::Handles {
 public:
  Connection borrow() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) {
      return {decltype(Connection::easy)(curl_easy_init())};
    }
    Connection connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  void give_back(Connection connection) {
    curl_easy_reset(connection.easy.get());
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdleHandles) {
      idle_.push_back(std::move(connection));
    }
  }

 private:
  std::mutex mutex_;
  std::vector<Connection> idle_;
};

Transport::Transport(HttpOptions options) : options_(std::move(options)) {
  init_curl();
  handles_ = std::make_unique<Handles>();
}

Transport::~Transport() = default;

Result<HttpAnswer> Transport::send(const HttpRequest& request) {
  Connection connection = handles_->borrow();
  if (!connection.easy) {
    return fail(ErrorCode::kInternal, "libcurl has no memory for a request");
  }
  CURL* const handle = connection.easy.get();
  const HeaderList headers = header_list(request.headers);
  Receiver receiver;
  receiver.max_bytes = request.max_answer_bytes;
  receiver.socket = connection.socket;
  std::array<char, CURL_ERROR_SIZE> detail{};
  set_request(handle, request, headers);
  set_receiver(handle, receiver, detail.data());
  set_limits(handle, request.silence);

  const CURLcode code = curl_easy_perform(handle);
  long status = 0;  // NOLINT(google-runtime-int): libcurl's
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  connection.socket = receiver.socket;
  handles_->give_back(std::move(connection));
  if (receiver.too_big) {
    return fail(ErrorCode::kInvalid, fmt::format("HTTP {}: the answer is larger than the {} bytes "
                                                 "expected at most",
                                                 status, request.max_answer_bytes));
  }
  if (code != CURLE_OK) {
    return fail(transport_error(code, detail.data()));
  }
  receiver.answer.status = static_cast<int>(status);
  return std::move(receiver.answer);
}

void Transport::set_limits(void* handle, HttpRequest::Silence silence) const {
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.attempt_timeout.count()));
  if (silence == HttpRequest::Silence::kStalls) {
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT,
                     static_cast<long>(options_.stalled_bytes_per_second));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(options_.stalled_after.count()));
  }
  if (!options_.may_use_proxy) {
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
  }
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
  }
}

}  // namespace nats3::object
