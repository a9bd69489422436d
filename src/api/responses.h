// Answers that most routes give. Pure functions: any thread.
#pragma once

#include <string_view>

#include "api/http.h"
#include "base/error.h"
#include "base/json.h"

namespace nats3::api {

[[nodiscard]] HttpResponse json_response(const Json& body);
[[nodiscard]] HttpResponse text_response(int status, std::string_view body);
// With the status that the error's code stands for, and Retry-After where that may help.
[[nodiscard]] HttpResponse error_response_for(const Error& error);

}  // namespace nats3::api
