// Percent-encoding (RFC 3986, section 2.1).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace nats3 {

// Encodes every byte but A-Z a-z 0-9 - . _ ~ and those in `also_safe`, with upper-case hex digits.
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view also_safe = {});

// Errors: kInvalid for a `%` that two hex digits don't follow.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text);

}  // namespace nats3
