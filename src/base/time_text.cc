#include "base/time_text.h"

#include <date/date.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <sstream>

namespace nats3 {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::array<Unit, 7> kUnits{{{"d", 86'400 * kSecond},
                                      {"h", 3'600 * kSecond},
                                      {"m", 60 * kSecond},
                                      {"s", kSecond},
                                      {"ms", 1'000'000},
                                      {"us", 1'000},
                                      {"ns", 1}}};
constexpr std::int64_t kMaxDuration = 36'525 * (86'400 * kSecond);

tl::unexpected<Error> bad_time(std::string_view text) {
  return fail(
      ErrorCode::kInvalid,
      fmt::format("'{}' is not an RFC 3339 time such as 2026-11-24T08:30:00Z", text.substr(0, 64)));
}

tl::unexpected<Error> bad_duration(std::string_view text) {
  return fail(ErrorCode::kInvalid,
              fmt::format("'{}' is not a duration such as 30s, 5m or 1h30m", text.substr(0, 64)));
}

}  // namespace

std::string format_time(Timestamp time) {
  return date::format("%FT%TZ", time);  // %T prints the clock's nine digits
}

Result<Timestamp> parse_time(std::string_view text) {
  // The shape is checked here, since date::parse takes more than RFC 3339 does.
  const auto is_digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size() || text.size() > 35) {
    return bad_time(text);
  }
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool fits = kShape[i] == 'd'   ? is_digit(i)
                      : kShape[i] == 'T' ? text[i] == 'T' || text[i] == 't'
                                         : text[i] == kShape[i];
    if (!fits) {
      return bad_time(text);
    }
  }
  std::size_t end = kShape.size();
  std::int64_t fraction = 0;
  if (text[end] == '.') {
    std::int64_t scale = kSecond;
    for (++end; end < text.size() && is_digit(end); ++end) {
      scale /= 10;
      fraction += (text[end] - '0') * scale;
    }
    if (end == kShape.size() + 1 || end > kShape.size() + 10) {
      return bad_time(text);
    }
  }
  const std::string_view zone = text.substr(end);
  std::chrono::minutes offset{0};
  if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':' &&
      is_digit(end + 1) && is_digit(end + 2) && is_digit(end + 4) && is_digit(end + 5)) {
    offset = std::chrono::minutes{((zone[1] - '0') * 10 + zone[2] - '0') * 60 +
                                  (zone[4] - '0') * 10 + zone[5] - '0'};
    offset = zone[0] == '-' ? -offset : offset;
  } else if (zone != "Z" && zone != "z") {
    return bad_time(text);
  }
  std::string plain(text.substr(0, kShape.size()));
  plain[10] = 'T';
  std::istringstream in(plain);
  date::sys_seconds seconds;
  in >> date::parse("%FT%T", seconds);
  // What a 64-bit count of nanoseconds holds: 1678 to 2261.
  const auto year = date::year_month_day{date::floor<date::days>(seconds)}.year();
  if (in.fail() || year < date::year{1678} || year > date::year{2261}) {
    return bad_time(text);
  }
  return Timestamp{seconds} - offset + std::chrono::nanoseconds{fraction};
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count < 0) {
    return "-" + format_duration(-duration);
  }
  if (count < 1'000'000) {
    return fmt::format("{}ns", count);
  }
  if (count < kSecond) {
    return fmt::format("{}ms", count / 1'000'000);
  }
  if (count < 60 * kSecond) {
    return fmt::format("{:.3g}s", static_cast<double>(count) / kSecond);
  }
  for (std::size_t i = 0; i + 1 < kUnits.size(); ++i) {
    if (count >= kUnits[i].nanoseconds) {
      const std::int64_t rest = count % kUnits[i].nanoseconds / kUnits[i + 1].nanoseconds;
      const std::string whole = fmt::format("{}{}", count / kUnits[i].nanoseconds, kUnits[i].name);
      return rest == 0 ? whole : fmt::format("{} {}{}", whole, rest, kUnits[i + 1].name);
    }
  }
  return "0s";
}

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  std::string_view rest = text;
  if (rest.empty()) {
    return bad_duration(text);
  }
  while (!rest.empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc{} || count < 0 || rest[0] == '-') {
      return bad_duration(text);
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::string_view name = rest.substr(0, rest.find_first_not_of("dhmsun"));
    const auto unit = std::ranges::find(kUnits, name, &Unit::name);
    if (unit == kUnits.end() || count > (kMaxDuration - total) / unit->nanoseconds) {
      return bad_duration(text);
    }
    total += count * unit->nanoseconds;
    rest.remove_prefix(name.size());
  }
  return std::chrono::nanoseconds{total};
}

}  // namespace nats3
