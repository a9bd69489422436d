// The files of the web page as the build made them: CMakeLists.txt embeds them. Any thread may read
// them.
#pragma once

#include <string_view>

namespace nats3::api {

[[nodiscard]] std::string_view web_index();   // HTML
[[nodiscard]] std::string_view web_script();  // JavaScript: web/src, bundled with React
[[nodiscard]] std::string_view web_styles();  // CSS

}  // namespace nats3::api
