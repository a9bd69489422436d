#include "api/login.h"

#include <algorithm>
#include <cctype>

#include "base/digest.h"

namespace nats3::api {
namespace {

constexpr std::string_view kScheme = "basic ";

bool has_scheme(std::string_view authorization) {
  return std::ranges::equal(authorization.substr(0, kScheme.size()), kScheme, {},
                            [](unsigned char c) { return std::tolower(c); });
}

}  // namespace

Login::Login(std::string_view user, std::string_view password)
    : expected_(to_base64(std::string(user) + ":" + std::string(password))) {}

bool Login::admits(std::string_view authorization) const {
  if (expected_.empty()) {
    return true;
  }
  return has_scheme(authorization) && is_secret(authorization.substr(kScheme.size()), expected_);
}

HttpResponse login_needed() {
  HttpResponse response =
      error_response(401,
                     "log in with the server's user and password (server.user in its "
                     "configuration); to nats3 give them as --server http://user:password@host");
  response.headers.emplace_back("WWW-Authenticate", R"(Basic realm="nats3", charset="UTF-8")");
  return response;
}

}  // namespace nats3::api
