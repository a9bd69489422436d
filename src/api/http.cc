#include "api/http.h"

#include "base/json.h"

namespace nats3::api {

HttpResponse error_response(int status, std::string_view message) {
  const Json body{{"error", message}};
  // A message may quote bytes from anywhere.
  return {.status = status,
          .content_type = std::string(kJsonType),
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace),
          .headers = {}};
}

}  // namespace nats3::api
