// The web page: the folder web/, bundled when nats3 is built and compiled in. It asks the API for
// everything it shows. Thread-safe.
#pragma once

#include <string_view>

#include "api/http.h"

namespace nats3::api {

// The answer to GET `path`: the page's script, its styles, or the page, which shows by itself what
// belongs to the path.
[[nodiscard]] HttpResponse web_page(std::string_view path);

}  // namespace nats3::api
