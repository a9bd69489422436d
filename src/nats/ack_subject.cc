#include "nats/ack_subject.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace nats3::nats {
namespace {

constexpr std::string_view kPrefix = "$JS.ACK.";
constexpr std::size_t kShortTokens = 9;
constexpr std::size_t kLongTokens = 11;
constexpr std::size_t kMaxTokens = 12;

// The tokens after the prefix; `count` is kMaxTokens for any larger number of them.
struct Tokens {
  std::array<std::string_view, kMaxTokens> token;
  std::size_t count = 0;
};

Tokens split(std::string_view text) {
  Tokens tokens;
  while (tokens.count < kMaxTokens) {
    const std::size_t dot = text.find('.');
    tokens.token[tokens.count++] = text.substr(0, dot);
    if (dot == text.npos) {
      break;
    }
    text.remove_prefix(dot + 1);
  }
  return tokens;
}

template <typename Number>
bool read(std::string_view text, Number& number, Number least) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stopped == end && number >= least;
}

// The index of the stream's token, or nothing when the number of tokens fits neither form.
std::optional<std::size_t> stream_index(std::size_t tokens_after_prefix) {
  const std::size_t all = tokens_after_prefix + 2;
  if (all == kShortTokens) {
    return 0;
  }
  if (all >= kLongTokens) {
    return 2;
  }
  return std::nullopt;
}

}  // namespace

std::optional<AckSubject> parse_ack_subject(std::string_view subject) {
  if (!subject.starts_with(kPrefix)) {
    return std::nullopt;
  }
  const Tokens tokens = split(subject.substr(kPrefix.size()));
  const auto first = stream_index(tokens.count);
  if (!first) {
    return std::nullopt;
  }
  const std::string_view* token = &tokens.token[*first];
  AckSubject ack;
  ack.stream = token[0];
  ack.consumer = token[1];
  std::int64_t nanoseconds = 0;
  const bool whole = !ack.stream.empty() && !ack.consumer.empty() &&
                     read(token[2], ack.delivered, std::uint64_t{1}) &&
                     read(token[3], ack.stream_sequence, std::uint64_t{1}) &&
                     read(token[4], ack.consumer_sequence, std::uint64_t{0}) &&
                     read(token[5], nanoseconds, std::int64_t{0}) &&
                     read(token[6], ack.pending, std::uint64_t{0});
  if (!whole) {
    return std::nullopt;
  }
  ack.time = Timestamp{std::chrono::nanoseconds{nanoseconds}};
  return ack;
}

std::string_view ack_subject_consumer(std::string_view subject) {
  if (!subject.starts_with(kPrefix)) {
    return {};
  }
  const std::size_t dots = static_cast<std::size_t>(std::ranges::count(subject, '.'));
  const auto first = stream_index(dots - 1);
  if (!first) {
    return {};
  }
  std::string_view rest = subject.substr(kPrefix.size());
  for (std::size_t i = 0; i < *first; ++i) {
    rest.remove_prefix(rest.find('.') + 1);
  }
  return rest.substr(0, rest.find('.', rest.find('.') + 1));
}

}  // namespace nats3::nats
