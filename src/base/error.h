// Error and Result: how every fallible call in nats3 reports failure.
//
// An Error answers two questions: what should the caller do (`action()`), and what should a person
// read (`message`: what happened, to what, and what to do about it). Context is added on the way
// up with `with_context`; an error is logged once, at the job or request it ends.
// Plain values: any thread may copy and read them.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace nats3 {

enum class ErrorCode {
  kUnavailable,    // the other side is away, slow or overloaded: try again later
  kConflict,       // a compare-and-set lost: somebody else changed it; read again before deciding
  kNotFound,       // the thing named isn't there
  kAlreadyExists,  // the thing named is there already
  kInvalid,        // the request can't be right, whoever sends it and whenever
  kDenied,         // credentials or permissions
  kCorrupt,        // bytes that fail a check: never use them
  kCancelled,      // the caller asked to stop
  kInternal,       // a bug, or a resource of this process that is used up
};

// What a caller should do about an error.
enum class Action { kRetry, kFail, kNotFound, kCancelled };

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;

  [[nodiscard]] Action action() const;
  // The same error, with `context` and a colon before its message.
  [[nodiscard]] Error with_context(std::string_view context) const;

  bool operator==(const Error&) const = default;
};

[[nodiscard]] std::string_view to_string(ErrorCode code);

template <typename T>
using Result = tl::expected<T, Error>;

// `return fail(ErrorCode::kInvalid, "...")` from any function that returns a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace nats3
