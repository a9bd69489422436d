#include "cli/client.h"

#include <fmt/format.h>
#include <httplib.h>

#include <charconv>

#include "base/percent.h"

namespace nats3::cli {
namespace {

constexpr const char* kApi = "/api/v1";

Error connection_error(httplib::Error error, const std::string& url, Client::Timeouts timeouts) {
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
      return {ErrorCode::kUnavailable,
              fmt::format("the nats3 server at {} took the request and gave no answer within {} s; "
                          "look with 'list' whether it was done",
                          url, timeouts.answer.count())};
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts:
    case httplib::Error::SSLServerVerification:
      return {
          ErrorCode::kDenied,
          fmt::format("no TLS connection to {}: {}; is the certificate trusted on this machine?",
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
    case 403:
      return ErrorCode::kDenied;
    case 503:
      return ErrorCode::kUnavailable;
    default:
      return status < 500 ? ErrorCode::kInvalid : ErrorCode::kInternal;
  }
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
  return fail(ErrorCode::kInternal,
              fmt::format("{} answered with status {} and not as a nats3 server does: is the URL "
                          "right?",
                          url, response.status));
}

}  // namespace

Result<ServerUrl> parse_server_url(const std::string& text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is not a server's URL, such as http://localhost:8080", text));
  };
  const std::size_t scheme_end = text.find("://");
  const std::string scheme = scheme_end == text.npos ? "http" : text.substr(0, scheme_end);
  const std::string rest = scheme_end == text.npos ? text : text.substr(scheme_end + 3);
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
  if ((scheme != "http" && scheme != "https") || authority.empty() || colon == 0 || blank ||
      rest.find_first_of("?#@\\") != rest.npos) {
    return bad();
  }
  return ServerUrl{.origin = scheme + "://" + authority, .path = path};
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

Result<Json> Client::send(const std::string& method, const std::string& path, const Query& query,
                          const std::string& body) {
  const std::string where = url_.origin + url_.path;
  try {
    httplib::Client http(url_.origin);
    http.set_connection_timeout(timeouts_.connect);
    http.set_read_timeout(timeouts_.answer);
    http.set_write_timeout(timeouts_.connect);
    httplib::Request request;
    request.method = method;
    request.path = url_.path + kApi + path;
    for (const auto& [name, value] : query) {
      request.path += request.path.find('?') == std::string::npos ? '?' : '&';
      request.path += percent_encode(name) + "=" + percent_encode(value);
    }
    request.body = body;
    request.set_header("Accept", "application/json");
    if (!body.empty()) {
      request.set_header("Content-Type", "application/json");
    }
    if (!begin(http)) {
      return fail(ErrorCode::kCancelled, "interrupted");
    }
    const httplib::Result result = http.send(request);
    if (!end()) {
      return fail(ErrorCode::kCancelled, "interrupted");
    }
    return result ? read_answer(*result, where)
                  : fail(connection_error(result.error(), where, timeouts_));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace nats3::cli
