// HTTP requests and answers as plain values, so that what the API does can be told from how bytes
// travel: `api.h` maps one to the other, `http_server.h` carries them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace nats3::api {

inline constexpr std::string_view kJsonType = "application/json";
inline constexpr std::string_view kLinesType = "application/x-ndjson";
inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";
inline constexpr std::string_view kHtmlType = "text/html; charset=utf-8";

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // decoded, without the query
  std::multimap<std::string, std::string> query;
  std::string content_type;   // "" when it wasn't sent
  std::string fetch_site;     // the header Sec-Fetch-Site, which browsers send
  std::string authorization;  // the header of that name
  std::string body;
};

struct HttpResponse {
  int status = 200;
  std::string content_type{kTextType};
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // beyond the content's type and length
  // Of an answer of kLinesType that is sent while it is made: what follows `body`, some lines with
  // each call; "" when there are none yet, nullopt after the last. When it fails, the error goes
  // out as a last line, {"error": message}, and the connection is cut: no client takes it for the
  // end. Called on one thread.
  std::function<Result<std::optional<std::string>>()> more = nullptr;
};

// Called on many threads at once; must not throw.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// The answer every error has: {"error": message}.
[[nodiscard]] HttpResponse error_response(int status, std::string_view message);

}  // namespace nats3::api
