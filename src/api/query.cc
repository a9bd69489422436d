#include "api/query.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace nats3::api {

Result<bool> parse_flag(std::string_view text) {
  if (text != "true" && text != "false") {
    return fail(ErrorCode::kInvalid,
                fmt::format("must be true or false, not '{}'", text.substr(0, 64)));
  }
  return text == "true";
}

Result<Query> Query::read(const HttpRequest& request, const std::vector<std::string_view>& known) {
  Query query;
  for (const auto& [name, value] : request.query) {
    if (std::ranges::find(known, name) == known.end()) {
      const std::string_view guess = nearest(name, known);
      return fail(ErrorCode::kInvalid,
                  fmt::format("unknown parameter '{}'{}", name.substr(0, 64),
                              guess.empty() ? "" : fmt::format("; did you mean '{}'?", guess)));
    }
    if (!query.values_.emplace(name, value).second) {
      return fail(ErrorCode::kInvalid, fmt::format("{} is given twice", name));
    }
  }
  return query;
}

std::string Query::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second;
}

Result<std::string> Query::wanted(const std::string& name) const {
  std::string value = text(name);
  if (value.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("{} is missing: give it as ?{}=...", name, name));
  }
  return value;
}

}  // namespace nats3::api
