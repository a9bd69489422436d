// Text as JSON needs it: whether bytes are UTF-8, and strings with their escapes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nats3::archive {

// Whether `bytes` are UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above
// U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view bytes);

// The size of `text` between quotes, with every escape that append_json_string makes.
[[nodiscard]] std::size_t json_escaped_size(std::string_view text);

// Appends `text`, which is UTF-8, as a JSON string with its quotes. Escapes only what RFC 8259
// wants escaped: quotes, backslashes and control characters.
void append_json_string(std::string& out, std::string_view text);

}  // namespace nats3::archive
