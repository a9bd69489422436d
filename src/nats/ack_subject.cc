#include "nats/ack_subject.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace nats3::nats {
namespace {

constexpr std::string_view kPrefix = "$JS.ACK.";
// Dots in the short form, and the fewest in the long one.
constexpr std::ptrdiff_t kShortDots = 8;
constexpr std::ptrdiff_t kLongDots = 10;

// These take the next token off `rest`, and the dot after it.
std::string_view take_token(std::string_view& rest) {
  const std::string_view token = rest.substr(0, rest.find('.'));
  rest.remove_prefix(std::min(token.size() + 1, rest.size()));
  return token;
}

template <typename Number>
bool take_number(std::string_view& rest, Number& number, Number least) {
  const char* const begin = rest.data();
  const char* const end = begin + rest.size();
  const auto [stopped, error] = std::from_chars(begin, end, number);
  if (error != std::errc{} || number < least || (stopped != end && *stopped != '.')) {
    return false;
  }
  rest = {stopped == end ? end : stopped + 1, end};
  return true;
}

// From the stream on.
std::optional<AckSubject> take_ack(std::string_view& rest) {
  AckSubject ack;
  ack.stream = take_token(rest);
  ack.consumer = take_token(rest);
  std::int64_t nanoseconds = 0;
  const bool whole = !ack.stream.empty() && !ack.consumer.empty() &&
                     take_number(rest, ack.delivered, std::uint64_t{1}) &&
                     take_number(rest, ack.stream_sequence, std::uint64_t{1}) &&
                     take_number(rest, ack.consumer_sequence, std::uint64_t{0}) &&
                     take_number(rest, nanoseconds, std::int64_t{0}) &&
                     take_number(rest, ack.pending, std::uint64_t{0});
  if (!whole) {
    return std::nullopt;
  }
  ack.time = Timestamp{std::chrono::nanoseconds{nanoseconds}};
  return ack;
}

}  // namespace

std::optional<AckSubject> parse_ack_subject(std::string_view subject) {
  if (!subject.starts_with(kPrefix)) {
    return std::nullopt;
  }
  // Counting the tokens first would cost as much as reading them. The long form can't be read to
  // its end as the short one, nor the short one as the long one.
  std::string_view rest = subject.substr(kPrefix.size());
  std::string_view as_short = rest;
  auto ack = take_ack(as_short);
  if (!ack || as_short.data() != subject.data() + subject.size() || subject.back() == '.') {
    take_token(rest);  // domain
    take_token(rest);  // account
    ack = take_ack(rest);
  }
  return ack;
}

std::string_view ack_subject_consumer(std::string_view subject) {
  const auto dots = std::ranges::count(subject, '.');
  if (!subject.starts_with(kPrefix) || (dots != kShortDots && dots < kLongDots)) {
    return {};
  }
  std::string_view rest = subject.substr(kPrefix.size());
  if (dots != kShortDots) {
    take_token(rest);  // domain
    take_token(rest);  // account
  }
  return rest.substr(0, rest.find('.', rest.find('.') + 1));
}

}  // namespace nats3::nats
