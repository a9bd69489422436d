// Times as text: RFC 3339, UTC, to the nanosecond.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace nats3 {

// "2026-11-24T01:54:25.123456789Z": always nine digits, so that texts sort as times do.
[[nodiscard]] std::string format_time(Timestamp time);

// Reads an RFC 3339 time with any offset and up to nine fraction digits. Errors: kInvalid, naming
// the text and giving an example.
[[nodiscard]] Result<Timestamp> parse_time(std::string_view text);

// "1.5s", "250ms", "2h 5m": for people.
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

// Reads "30s", "5m", "250ms", "1h30m" (units ns, us, ms, s, m, h, d). Errors: kInvalid for anything
// else, a missing unit, a negative value or more than 100 years.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace nats3
