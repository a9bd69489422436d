#include "base/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

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
      fmt::format("'{}' is not an RFC 3339 time such as 2026-11-24T08:30:00Z, in 1678 to 2261",
                  text.substr(0, 64)));
}

tl::unexpected<Error> bad_duration(std::string_view text) {
  return fail(ErrorCode::kInvalid,
              fmt::format("'{}' is not a duration such as 30s, 5m or 1h30m", text.substr(0, 64)));
}

// Writes `number` into `size` digits of `text` from `begin` on.
void put_digits(std::string& text, std::size_t begin, std::size_t size, std::int64_t number) {
  for (std::size_t i = size; i > 0; --i, number /= 10) {
    text[begin + i - 1] = static_cast<char>('0' + number % 10);
  }
}

// The number that these digits make.
std::int64_t digits(std::string_view text, std::size_t begin, std::size_t size) {
  std::int64_t number = 0;
  for (const char c : text.substr(begin, size)) {
    number = number * 10 + (c - '0');
  }
  return number;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether `text` is like `shape`, where d stands for a digit and T for T or t.
bool has_shape(std::string_view text, std::string_view shape) {
  return std::ranges::equal(text, shape, [](char c, char wanted) {
    return wanted == 'd' ? is_digit(c) : c == wanted || (wanted == 'T' && c == 't');
  });
}

// Takes a fraction of a second off `rest`, if it begins with one, and gives its nanoseconds.
std::optional<std::int64_t> take_fraction(std::string_view& rest) {
  if (!rest.starts_with('.')) {
    return 0;
  }
  const auto end = static_cast<std::size_t>(
      std::find_if_not(rest.begin() + 1, rest.end(), is_digit) - rest.begin());
  const std::size_t size = end - 1;
  if (size == 0 || size > 9) {
    return std::nullopt;
  }
  std::int64_t nanosecond = digits(rest, 1, size);
  for (std::size_t i = size; i < 9; ++i) {
    nanosecond *= 10;
  }
  rest.remove_prefix(end);
  return nanosecond;
}

// The minutes that a zone is ahead of UTC.
std::optional<std::int64_t> read_offset(std::string_view zone) {
  if (zone == "Z" || zone == "z") {
    return 0;
  }
  if (!has_shape(zone, "+dd:dd") && !has_shape(zone, "-dd:dd")) {
    return std::nullopt;
  }
  const std::int64_t hours = digits(zone, 1, 2);
  const std::int64_t minutes = digits(zone, 4, 2);
  if (hours > 23 || minutes > 59) {
    return std::nullopt;
  }
  return (zone[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

// The time, when a 64-bit count of nanoseconds holds it (1677 to 2262).
std::optional<Timestamp> from_parts(std::int64_t second, std::int64_t nanosecond) {
  if (second < 0 && nanosecond > 0) {
    ++second;  // or the product of the earliest second would overflow
    nanosecond -= kSecond;
  }
  std::int64_t count = 0;
  if (__builtin_mul_overflow(second, kSecond, &count) ||
      __builtin_add_overflow(count, nanosecond, &count)) {
    return std::nullopt;
  }
  return Timestamp{std::chrono::nanoseconds{count}};
}

}  // namespace

std::string format_time(Timestamp time) {
  // Division by hand, since the first day that a Timestamp reaches begins before it.
  const std::int64_t count = time.time_since_epoch().count();
  const std::int64_t nanosecond = ((count % kSecond) + kSecond) % kSecond;
  const std::int64_t second = count / kSecond - (count % kSecond < 0 ? 1 : 0);
  const std::chrono::sys_seconds whole{std::chrono::seconds{second}};
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{whole - day};

  std::string text = "0000-00-00T00:00:00.000000000Z";
  put_digits(text, 0, 4, static_cast<int>(date.year()));
  put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text, 11, 2, clock.hours().count());
  put_digits(text, 14, 2, clock.minutes().count());
  put_digits(text, 17, 2, clock.seconds().count());
  put_digits(text, 20, 9, nanosecond);
  return text;
}

Result<Timestamp> parse_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (!has_shape(text.substr(0, kShape.size()), kShape)) {
    return bad_time(text);
  }
  const std::chrono::year_month_day date{
      std::chrono::year{static_cast<int>(digits(text, 0, 4))},
      std::chrono::month{static_cast<unsigned>(digits(text, 5, 2))},
      std::chrono::day{static_cast<unsigned>(digits(text, 8, 2))}};
  const std::int64_t hour = digits(text, 11, 2);
  const std::int64_t minute = digits(text, 14, 2);
  const std::int64_t second = digits(text, 17, 2);
  std::string_view rest = text.substr(kShape.size());
  const auto nanosecond = take_fraction(rest);
  const auto offset = read_offset(rest);
  if (!date.ok() || hour > 23 || minute > 59 || second > 59 || !nanosecond || !offset) {
    return bad_time(text);
  }
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const auto time =
      from_parts(((days * 24 + hour) * 60 + minute - *offset) * 60 + second, *nanosecond);
  if (!time) {
    return bad_time(text);
  }
  return *time;
}

std::string format_duration(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count < 0) {
    // The longest negative duration has no opposite.
    return "-" + format_duration(-std::max(duration, -std::chrono::nanoseconds::max()));
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
