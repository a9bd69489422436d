// Random UUIDs (RFC 9562, version 4), the ids of jobs.
#pragma once

#include <string>
#include <string_view>

namespace nats3 {

[[nodiscard]] std::string make_uuid();
// Whether `text` has the form 8-4-4-4-12 of hex digits.
[[nodiscard]] bool is_uuid(std::string_view text);

}  // namespace nats3
