// A thing that a job's spec names and that isn't there makes the spec wrong. Pure.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "base/error.h"

namespace nats3::jobs {

// kNotFound becomes kInvalid, with what to do; other errors stay as they are.
[[nodiscard]] inline Error as_invalid(const Error& error, std::string_view advice) {
  return error.action() == Action::kNotFound
             ? Error{ErrorCode::kInvalid, fmt::format("{}: {}", error.message, advice)}
             : error;
}

}  // namespace nats3::jobs
