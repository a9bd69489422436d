#include "nats/api_error.h"

#include <fmt/format.h>

namespace nats3::nats {
namespace {

ErrorCode code_of(const ApiError& error) {
  switch (error.err_code) {
    case err_code::kWrongLastMessageId:
    case err_code::kWrongLastSequence:
      return ErrorCode::kConflict;
    case err_code::kDuplicateInProcess:  // the first one isn't stored on enough replicas yet
    case err_code::kTooManyRequests:
    case err_code::kStoreFailed:
    case 10002:  // resource limits exceeded for account (a 400)
    case 10026:  // maximum consumers limit reached (a 400)
      return ErrorCode::kUnavailable;
    default:
      break;
  }
  switch (error.code) {
    case 404:
      return ErrorCode::kNotFound;
    case 401:
    case 403:
      return ErrorCode::kDenied;
    case 408:
    case 429:
      return ErrorCode::kUnavailable;
    default:
      return error.code >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalid;
  }
}

}  // namespace

std::optional<ApiError> api_error(const Json& answer) {
  const auto found = answer.find("error");
  if (found == answer.end() || !found->is_object()) {
    return std::nullopt;
  }
  ApiError error;
  const auto number = [&](const char* key) {
    const auto value = found->find(key);
    return value != found->end() && value->is_number_integer() ? value->get<int>() : 0;
  };
  error.code = number("code");
  error.err_code = number("err_code");
  if (const auto text = found->find("description"); text != found->end() && text->is_string()) {
    error.description = text->get<std::string>();
  }
  return error;
}

Error to_error(const ApiError& error, std::string_view what) {
  const std::string text = error.description.empty() ? "no reason given" : error.description;
  return {code_of(error), error.err_code == 0 ? fmt::format("{}: {} ({})", what, text, error.code)
                                              : fmt::format("{}: {} (JetStream error {})", what,
                                                            text, error.err_code)};
}

}  // namespace nats3::nats
