#include "object/credentials/token.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/small_file.h"

namespace nats3::object {

Result<std::string> read_token(const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) {
    return fail(ErrorCode::kDenied, text.error().with_context(path).message);
  }
  std::string token(trim(*text));
  if (token.empty() || has_control(token)) {
    return fail(ErrorCode::kDenied,
                fmt::format("{}: is {}", path, token.empty() ? "empty" : "more than one line"));
  }
  return token;
}

}  // namespace nats3::object
