#include "api/web_page.h"

#include "api/web_files.h"

namespace nats3::api {
namespace {

// Nothing of another site, nothing within the page itself, and no other site shows it in a frame.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

HttpResponse file(std::string_view type, std::string_view bytes) {
  return {.status = 200,
          .content_type = std::string(type),
          .body = std::string(bytes),
          .headers = {{"Content-Security-Policy", std::string(kPolicy)}}};
}

}  // namespace

HttpResponse web_page(std::string_view path) {
  if (path == "/app.js") {
    return file("text/javascript; charset=utf-8", web_script());
  }
  if (path == "/app.css") {
    return file("text/css; charset=utf-8", web_styles());
  }
  return file(kHtmlType, web_index());
}

}  // namespace nats3::api
