#include "nats/wire/operation_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string>

namespace nats3::nats {
namespace {

constexpr std::size_t kBuffer = 64 << 10;
constexpr std::size_t kLargeBuffer = 256 << 10;  // of a server that sends much
constexpr std::size_t kLeastSpace = 16 << 10;
constexpr std::string_view kLineEnd = "\r\n";

tl::unexpected<Error> not_protocol(std::string_view line) {
  std::string shown(line.substr(0, 60));
  std::ranges::replace_if(shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return fail(ErrorCode::kCorrupt,
              fmt::format("what answers doesn't speak NATS: it sent \"{}\"", shown));
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view without_blanks(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) {
    line.remove_prefix(1);
  }
  return line;
}

// Takes the next word off `line`; "" when there is none.
std::string_view take_word(std::string_view& line) {
  line = without_blanks(line);
  std::string_view word = line.substr(0, line.find(' '));
  word = word.substr(0, word.find('\t'));  // allowed, though no server sends it
  line.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> to_number(std::string_view word) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = error == std::errc{} && end == word.data() + word.size();
  return whole ? std::optional(number) : std::nullopt;
}

// What a MSG or HMSG line announces.
struct Announced {
  std::uint64_t subscription = 0;
  std::string_view subject;
  std::string_view reply;
  std::size_t header_bytes = 0;
  std::size_t bytes = 0;  // with the headers
};

// <subject> <sid> [reply] [<bytes of headers>] <bytes>
std::optional<Announced> read_announced(std::string_view arguments, bool has_headers) {
  std::array<std::string_view, 5> words;
  std::size_t count = 0;
  for (std::string_view word = take_word(arguments); !word.empty(); word = take_word(arguments)) {
    if (count == words.size()) {
      return std::nullopt;
    }
    words[count++] = word;
  }
  const std::size_t least = has_headers ? 4 : 3;
  if (count != least && count != least + 1) {
    return std::nullopt;
  }
  const auto subscription = to_number(words[1]);
  const auto bytes = to_number(words[count - 1]);
  const auto header_bytes = has_headers ? to_number(words[count - 2]) : std::size_t{0};
  if (!subscription || !bytes || !header_bytes || *header_bytes > *bytes ||
      *bytes > OperationReader::kMaxMessage) {
    return std::nullopt;
  }
  return Announced{.subscription = *subscription,
                   .subject = words[0],
                   .reply = count == least + 1 ? words[2] : std::string_view{},
                   .header_bytes = *header_bytes,
                   .bytes = *bytes};
}

}  // namespace

std::span<char> OperationReader::space() {
  const std::size_t kept = end_ - begin_;
  const std::size_t used = std::max(needed_, kept + kLeastSpace);
  const std::size_t wanted = std::max(filled_ ? kLargeBuffer : kBuffer, used);
  if (kept > 0 && begin_ + used <= buffer_.size()) {
    return std::span(buffer_).subspan(end_);
  }
  if (wanted <= buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, kept);
  } else {
    std::vector<char> larger(wanted);
    std::ranges::copy(unread(), larger.begin());
    buffer_ = std::move(larger);
  }
  begin_ = 0;
  end_ = kept;
  return std::span(buffer_).subspan(end_);
}

void OperationReader::received(std::size_t bytes) {
  end_ += bytes;
  filled_ = filled_ || end_ == buffer_.size();
}

Result<std::optional<Operation>> OperationReader::next() {
  const std::string_view bytes = unread();
  const std::size_t length = bytes.substr(0, kMaxLine).find(kLineEnd);
  if (length == bytes.npos) {
    if (bytes.size() >= kMaxLine) {
      return not_protocol(bytes);
    }
    return std::nullopt;
  }
  const std::string_view line = bytes.substr(0, length);
  std::string_view rest = line;
  const std::string_view word = take_word(rest);
  if (word == "MSG" || word == "HMSG") {
    return take_message(line, rest, word == "HMSG");
  }
  Operation operation;
  rest = without_blanks(rest);
  if (word == "PING") {
    operation.kind = Operation::Kind::kPing;
  } else if (word == "PONG") {
    operation.kind = Operation::Kind::kPong;
  } else if (word == "+OK") {
    operation.kind = Operation::Kind::kOk;
  } else if (word == "INFO") {
    operation.kind = Operation::Kind::kInfo;
    operation.text = rest;
  } else if (word == "-ERR") {
    operation.kind = Operation::Kind::kError;
    const bool quoted = rest.size() >= 2 && rest.front() == '\'' && rest.back() == '\'';
    operation.text = quoted ? rest.substr(1, rest.size() - 2) : rest;
  } else {
    return not_protocol(line);
  }
  begin_ += length + kLineEnd.size();
  return operation;
}

Result<std::optional<Operation>> OperationReader::take_message(std::string_view line,
                                                               std::string_view arguments,
                                                               bool has_headers) {
  const auto announced = read_announced(arguments, has_headers);
  if (!announced) {
    return not_protocol(line);
  }
  const std::size_t before = line.size() + kLineEnd.size();
  const std::size_t whole = before + announced->bytes + kLineEnd.size();
  const std::string_view bytes = unread();
  if (bytes.size() < whole) {
    needed_ = whole;
    return std::nullopt;
  }
  needed_ = 0;
  if (!bytes.substr(0, whole).ends_with(kLineEnd)) {
    return not_protocol(line);
  }
  const std::string_view content = bytes.substr(before, announced->bytes);
  begin_ += whole;
  return Operation{.kind = Operation::Kind::kMessage,
                   .message = {.subscription = announced->subscription,
                               .subject = announced->subject,
                               .reply = announced->reply,
                               .headers = content.substr(0, announced->header_bytes),
                               .payload = content.substr(announced->header_bytes)},
                   .text = {}};
}

}  // namespace nats3::nats
