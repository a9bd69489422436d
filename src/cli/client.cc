#include "cli/client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <charconv>

#include "base/clock.h"
#include "base/percent.h"

namespace nats3::cli {
namespace {

constexpr const char* kApi = "/api/v1";
constexpr const char* kLinesType = "application/x-ndjson";
constexpr std::size_t kLongestError = 64 << 10;

// `took`: until then.
Error connection_error(httplib::Error error, const std::string& url, Client::Timeouts timeouts,
                       std::chrono::nanoseconds took) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
    case httplib::Error::BindIPAddress:
      return {ErrorCode::kUnavailable,
              fmt::format("can't connect to the nats3 server at {}: is it running? Start it with "
                          "'nats3 serve', or name another with --server URL or 'nats3 config set "
                          "server-url URL'",
                          url)};
    case httplib::Error::Read:
      if (took < timeouts.answer) {
        return {ErrorCode::kUnavailable,
                fmt::format("{} took the request and broke off without an answer: is it a nats3 "
                            "server? If so, look with 'list' whether it was done",
                            url)};
      }
      return {ErrorCode::kUnavailable,
              fmt::format("the nats3 server at {} took the request and gave no answer within {} s; "
                          "look with 'list' whether it was done",
                          url, timeouts.answer.count())};
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts:
    case httplib::Error::SSLServerVerification:
      return {
          ErrorCode::kDenied,
          fmt::format("no TLS connection to {} ({}): does it speak https, and is its certificate "
                      "trusted on this machine? SSL_CERT_FILE=FILE names others to trust",
                      url, httplib::to_string(error))};
    default:
      return {ErrorCode::kUnavailable, fmt::format("{}: {}", url, httplib::to_string(error))};
  }
}

ErrorCode code_of(int status) {
  switch (status) {
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    case 401:
    case 403:
      return ErrorCode::kDenied;
    case 503:
      return ErrorCode::kUnavailable;
    default:
      return status < 500 ? ErrorCode::kInvalid : ErrorCode::kInternal;
  }
}

Error not_a_server(int status, const std::string& url) {
  return {
      ErrorCode::kInternal,
      fmt::format("{} answered with status {} and not as a nats3 server does: is the URL right?",
                  url, status)};
}

Result<Json> read_answer(const httplib::Response& response, const std::string& url) {
  const bool success = response.status >= 200 && response.status < 300;
  if (success && response.body.empty()) {
    return Json();
  }
  const auto json = parse_json(response.body);
  if (success && json) {
    return *json;
  }
  if (json && json->is_object() && json->contains("error") && (*json)["error"].is_string()) {
    return fail(code_of(response.status), (*json)["error"].get<std::string>());
  }
  return fail(not_a_server(response.status, url));
}

bool is_lines(const httplib::Response& response) {
  return response.status == 200 &&
         response.get_header_value("Content-Type").starts_with(kLinesType);
}

// Whether one can tell that all of it has come.
bool has_end(const httplib::Response& response) {
  return response.has_header("Transfer-Encoding") || response.has_header("Content-Length");
}

// The lines of an answer, out of the pieces that it comes in.
class Lines {
 public:
  explicit Lines(const std::function<bool(std::string_view)>& take) : take_(take) {}

  // False: no more is wanted.
  bool receive(std::string_view piece) {
    while (!piece.empty() && !ended_) {
      const std::size_t end = piece.find('\n');
      line_ += piece.substr(0, end == piece.npos ? end : end + 1);
      piece.remove_prefix(end == piece.npos ? piece.size() : end + 1);
      if (end != piece.npos) {
        finish_line();
      }
    }
    return !ended_;
  }

  // Whether the last line was a whole one.
  [[nodiscard]] bool whole() const { return line_.empty(); }
  // Why the server couldn't go on, which is its last line; "" when it could.
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] bool ended() const { return ended_; }  // no more was wanted

 private:
  void finish_line() {
    if (line_.starts_with(R"({"error":)")) {
      const auto json = parse_json(line_);
      error_ = json && (*json)["error"].is_string() ? (*json)["error"].get<std::string>() : line_;
    } else if (line_ != "\n") {  // an empty one shows that the server is still looking
      ended_ = !take_(line_);
    }
    line_.clear();
  }

  const std::function<bool(std::string_view)>& take_;
  std::string line_;
  std::string error_;
  bool ended_ = false;
};

}  // namespace

Result<ServerUrl> parse_server_url(const std::string& text) {
  const std::size_t scheme_end = text.find("://");
  const std::string scheme = scheme_end == text.npos ? "http" : text.substr(0, scheme_end);
  std::string rest = scheme_end == text.npos ? text : text.substr(scheme_end + 3);
  std::string login;
  if (const std::size_t at = rest.substr(0, rest.find('/')).rfind('@'); at != rest.npos) {
    login = rest.substr(0, at);
    rest.erase(0, at + 1);
  }
  const auto bad = [&] {  // says nothing of the password
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is not a server's URL, such as http://localhost:8080 or "
                            "http://user:password@localhost:8080",
                            scheme_end == text.npos ? rest : scheme + "://" + rest));
  };
  const std::size_t slash = rest.find('/');
  const std::string authority = rest.substr(0, slash);
  std::string path = slash == rest.npos ? "" : rest.substr(slash);
  while (path.ends_with('/')) {
    path.pop_back();
  }
  const std::size_t colon = authority.rfind(':');
  const bool ipv6_alone = authority.ends_with(']');
  if (colon != authority.npos && !ipv6_alone) {
    int port = 0;
    const char* const end = authority.data() + authority.size();
    const auto [stop, error] = std::from_chars(authority.data() + colon + 1, end, port);
    if (error != std::errc{} || stop != end || port < 1 || port > 65'535) {
      return bad();
    }
  }
  const bool blank = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
  const auto user = percent_decode(login.substr(0, login.find(':')));
  const auto password =
      percent_decode(login.find(':') == login.npos ? "" : login.substr(login.find(':') + 1));
  if ((scheme != "http" && scheme != "https") || authority.empty() || colon == 0 || blank ||
      rest.find_first_of("?#@\\") != rest.npos || !user || !password ||
      (user->empty() && !login.empty())) {
    return bad();
  }
  return ServerUrl{
      .origin = scheme + "://" + authority, .path = path, .user = *user, .password = *password};
}

Client::Client(ServerUrl url, Timeouts timeouts) : url_(std::move(url)), timeouts_(timeouts) {}

Result<Json> Client::get(const std::string& path, const Query& query) {
  return send("GET", path, query, "");
}

Result<Json> Client::post(const std::string& path, const Query& query, const std::string& body) {
  return send("POST", path, query, body);
}

Result<Json> Client::remove(const std::string& path, const Query& query) {
  return send("DELETE", path, query, "");
}

bool Client::begin(httplib::Client& http) {
  const std::lock_guard lock(mutex_);
  under_way_ = interrupted_ ? nullptr : &http;
  return !interrupted_;
}

bool Client::end() {
  const std::lock_guard lock(mutex_);
  under_way_ = nullptr;
  return !interrupted_;
}

void Client::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (under_way_ != nullptr) {
    under_way_->stop();
  }
}

httplib::Request Client::make_request(const std::string& method, const std::string& path,
                                      const Query& query) const {
  httplib::Request request;
  request.method = method;
  request.path = url_.path + kApi + path;
  for (const auto& [name, value] : query) {
    request.path += request.path.find('?') == std::string::npos ? '?' : '&';
    request.path += percent_encode(name) + "=" + percent_encode(value);
  }
  return request;
}

Result<httplib::Response> Client::exchange(const httplib::Request& request) {
  try {
    httplib::Client http(url_.origin);
    http.set_connection_timeout(timeouts_.connect);
    http.set_read_timeout(timeouts_.answer);
    http.set_write_timeout(timeouts_.connect);
    if (!url_.user.empty()) {
      http.set_basic_auth(url_.user, url_.password);
    }
    if (!begin(http)) {
      return fail(ErrorCode::kCancelled, "interrupted");
    }
    const MonotonicTime began = Clock::system().monotonic();
    const httplib::Result result = http.send(request);
    if (!end()) {
      return fail(ErrorCode::kCancelled, "interrupted");
    }
    if (!result) {
      return fail(connection_error(result.error(), where(), timeouts_,
                                   Clock::system().monotonic() - began));
    }
    return *result;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {}", where(), error.what()));
  }
}

Result<Json> Client::send(const std::string& method, const std::string& path, const Query& query,
                          const std::string& body) {
  httplib::Request request = make_request(method, path, query);
  request.body = body;
  request.set_header("Accept", "application/json");
  if (!body.empty()) {
    request.set_header("Content-Type", "application/json");
  }
  return exchange(request).and_then(
      [&](const httplib::Response& response) { return read_answer(response, where()); });
}

Result<void> Client::get_lines(const std::string& path, const Query& query,
                               const std::function<bool(std::string_view)>& take) {
  httplib::Request request = make_request("GET", path, query);
  httplib::Response head;  // without lines, all of the answer
  Lines lines(take);
  request.response_handler = [&](const httplib::Response& response) {
    head = response;
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    if (is_lines(head)) {
      return lines.receive({data, size});
    }
    head.body.append(data, size);
    return head.body.size() <= kLongestError;
  };
  const auto exchanged = exchange(request);
  if (!lines.error().empty()) {
    return fail(ErrorCode::kInternal, lines.error());
  }
  if (lines.ended()) {
    return {};
  }
  if (!exchanged && (head.status < 0 || exchanged.error().code == ErrorCode::kCancelled)) {
    return fail(exchanged.error());
  }
  if (!is_lines(head)) {
    return read_answer(head, where()).and_then([&](const Json&) {
      return Result<void>(fail(not_a_server(head.status, where())));
    });
  }
  if (!exchanged || !lines.whole() || !has_end(head)) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} broke off before the last message: its log may say why; it leaves "
                            "who reads nothing for a minute",
                            where()));
  }
  return {};
}

}  // namespace nats3::cli
