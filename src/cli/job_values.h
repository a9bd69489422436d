// What a job says, out of the JSON the API gives: read leniently, since a server of another version
// may leave things out. Pure functions. `pointer`: RFC 6901, "/progress/messages".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "cli/table.h"

namespace nats3::cli {

// The value as text: "" when it's missing or null.
[[nodiscard]] std::string text_at(const Json& json, const char* pointer);
// A whole number with its digits in groups of three; other values as text_at().
[[nodiscard]] std::string count_at(const Json& json, const char* pointer);
// Of a store job; "-" while it isn't known.
[[nodiscard]] std::string lag_of(const Json& job);
[[nodiscard]] std::string grouped(std::string_view digits);
[[nodiscard]] std::optional<double> number_at(const Json& json, const char* pointer);

[[nodiscard]] std::string status_of(const Json& job);
[[nodiscard]] Color color_of(const std::string& status);
// Whether a job of that status does nothing any more.
[[nodiscard]] bool has_ended(const std::string& status);

// "orders waits: NATS can't be reached", with what can't be printed made harmless; "" when all is
// well.
[[nodiscard]] std::string trouble_of(const Json& job);

// "orders: up to 4,000 messages left the stream before they were archived"; "" when none did.
[[nodiscard]] std::string loss_of(const Json& job);

// "52,310/s" out of progress.rate; "" when it's missing or the job isn't running.
[[nodiscard]] std::string rate_of(const Json& job);
// "3s": how old the oldest message is that isn't yet written; "" for none.
[[nodiscard]] std::string oldest_age(const Json& job, Timestamp now);
// How much of a load is done, 0 to 1: progress.share, else what the counts say.
[[nodiscard]] std::optional<double> share_of(const Json& job);
// "1m 20s": progress.seconds_left; "" when it isn't known.
[[nodiscard]] std::string time_left(const Json& job);

}  // namespace nats3::cli
