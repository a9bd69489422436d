#include "base/error.h"

#include <fmt/format.h>

namespace nats3 {

Action Error::action() const {
  switch (code) {
    case ErrorCode::kUnavailable:
      return Action::kRetry;
    case ErrorCode::kNotFound:
      return Action::kNotFound;
    case ErrorCode::kCancelled:
      return Action::kCancelled;
    default:
      return Action::kFail;
  }
}

Error Error::with_context(std::string_view context) const {
  return Error{code, fmt::format("{}: {}", context, message)};
}

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kAlreadyExists:
      return "already exists";
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kDenied:
      return "denied";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "unknown";
}

}  // namespace nats3
