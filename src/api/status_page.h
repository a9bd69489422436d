// The page at `/`, until the web page is built: version, jobs, links. Plain HTML, no scripts.
#pragma once

#include "api/api.h"

namespace nats3::api {

[[nodiscard]] HttpResponse status_page(const ApiContext& context);

// `text` with what HTML would take for markup turned into entities.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace nats3::api
