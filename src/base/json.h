// Reading JSON from outside: from API clients, configuration files, NATS servers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace nats3 {

using Json = nlohmann::json;

// Parses `text` as one JSON value. A comma before a closing bracket or brace is allowed, since the
// public examples have one; nothing else beyond RFC 8259 is.
// Errors: kInvalid, with line and column; also for nesting deeper than 64 levels.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

// Checks that every key of `object` is among `known`. Errors: kInvalid, naming the unknown key and
// the known one nearest to it.
[[nodiscard]] Result<void> check_keys(const Json& object,
                                      const std::vector<std::string_view>& known);

// The entry of `known` nearest to `word` by edit distance, or "" when none is near enough to help.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       const std::vector<std::string_view>& known);

}  // namespace nats3
