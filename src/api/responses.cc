#include "api/responses.h"

#include <string>

namespace nats3::api {
namespace {

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kDenied:
      return 403;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

}  // namespace

HttpResponse json_response(const Json& body) {
  return {.status = 200,
          .content_type = std::string(kJsonType),
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace),
          .headers = {}};
}

HttpResponse text_response(int status, std::string_view body) {
  return {.status = status,
          .content_type = std::string(kTextType),
          .body = std::string(body),
          .headers = {}};
}

HttpResponse error_response_for(const Error& error) {
  HttpResponse response = error_response(http_status(error.code), error.message);
  if (response.status == 503) {
    response.headers.emplace_back("Retry-After", "2");
  }
  return response;
}

}  // namespace nats3::api
