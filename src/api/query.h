// Query: what the query of one request asks for, by name. Errors of all: kInvalid.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http.h"
#include "base/error.h"

namespace nats3::api {

// "true" or "false".
[[nodiscard]] Result<bool> parse_flag(std::string_view text);

class Query {
 public:
  // Only names among `known`, each once.
  [[nodiscard]] static Result<Query> read(const HttpRequest& request,
                                          const std::vector<std::string_view>& known);

  // "" when it isn't given.
  [[nodiscard]] std::string text(const std::string& name) const;
  [[nodiscard]] Result<std::string> wanted(const std::string& name) const;
  // What `parse` makes of it. The error says which it is.
  template <typename Parse>
  [[nodiscard]] auto wanted(const std::string& name, Parse parse) const
      -> decltype(parse(std::string())) {
    return wanted(name).and_then([&](const std::string& text) {
      return parse(text).map_error([&](const Error& error) { return error.with_context(name); });
    });
  }
  // What `parse` makes of the text, or nothing when it isn't given. The error says which it is.
  template <typename Parse>
  [[nodiscard]] auto optional(const std::string& name, Parse parse) const
      -> Result<std::optional<typename decltype(parse(std::string()))::value_type>> {
    const auto found = values_.find(name);
    if (found == values_.end()) {
      return std::nullopt;
    }
    return parse(found->second)
        .map([](auto value) { return std::optional(std::move(value)); })
        .map_error([&](const Error& error) { return error.with_context(name); });
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace nats3::api
