#include "object/credentials/token.h"

#include <fmt/format.h>

#include "base/small_file.h"

namespace nats3::object {

Result<std::string> read_token(const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) {
    return fail(ErrorCode::kDenied, text.error().message);
  }
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text->find_first_not_of(kSpace);
  if (first == text->npos) {
    return fail(ErrorCode::kDenied, fmt::format("{}: is empty", path));
  }
  return text->substr(first, text->find_last_not_of(kSpace) - first + 1);
}

}  // namespace nats3::object
