// Reading JSON that JetStream answers with: what is missing or of another type is an error.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace nats3::nats {

// Runs `read`, which may throw as nlohmann does on missing or mistyped fields. Errors: those of
// `read`; kInternal, naming `what`.
template <typename Read>
auto read_answer(std::string_view what, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kInternal,
                fmt::format("JetStream's {} answer can't be read: {}", what, error.what()));
  }
}

}  // namespace nats3::nats
