// The description of the REST API, docs/openapi.json: what each route takes and answers.
//
// That file is the one source for what the API accepts: it is compiled in and served as it is, and
// tests hold the parsers, the routes and the answers against it. Any thread may read it.
#pragma once

#include <string_view>

namespace nats3::api {

// The file's bytes: an OpenAPI 3.1 document. Source: https://spec.openapis.org/oas/v3.1.0
[[nodiscard]] std::string_view openapi_document();

}  // namespace nats3::api
