#include "nats/refusal.h"

#include <fmt/format.h>

namespace nats3::nats {

Error login_refused(std::string_view where, std::string_view words) {
  return {ErrorCode::kDenied,
          fmt::format("NATS at {} refuses to let nats3 in ({}): check its user, token, "
                      "credentials file or certificate",
                      where, words)};
}

Error nkey_refused(std::string_view where, std::string_view public_key, std::string_view words) {
  return {ErrorCode::kDenied,
          fmt::format("NATS at {} refuses to let nats3 in ({}): is the public key of its NKey, {}, "
                      "among the server's users?",
                      where, words, public_key)};
}

Error permission_refused(std::string_view where, std::string_view words) {
  return {ErrorCode::kDenied,
          fmt::format("NATS at {} refused: {}. Give nats3's user that permission", where, words)};
}

}  // namespace nats3::nats
