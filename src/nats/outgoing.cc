#include "nats/outgoing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/subject.h"

namespace nats3::nats {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kVersionLine = "NATS/1.0\r\n";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kFrame = kVersionLine.size() + kLineEnd.size();
constexpr std::size_t kLineFrame = ": \r\n"sv.size();

// Where a line was folded (CRLF and white space), or `at` where it wasn't.
std::size_t after_fold(std::string_view value, std::size_t at) {
  const bool folds = value.substr(at).starts_with(kLineEnd) && at + 2 < value.size() &&
                     (value[at + 2] == ' ' || value[at + 2] == '\t');
  return folds ? at + 2 : at;
}

// On the wire a value is everything up to a CRLF that doesn't fold.
bool is_carried(std::string_view value) {
  for (std::size_t at = value.find(kLineEnd); at != value.npos; at = value.find(kLineEnd, at)) {
    const std::size_t after = after_fold(value, at);
    if (after == at) {
      return false;
    }
    at = after;
  }
  return true;
}

// A name that begins with a blank would be a folded line of the field before it.
bool is_name(std::string_view name) {
  return name.find(':') == name.npos && name.find(kLineEnd) == name.npos &&
         !name.starts_with(' ') && !name.starts_with('\t');
}

void append_number(std::size_t number, std::string& bytes) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  bytes.append(digits.begin(), end);
}

}  // namespace

std::size_t wire_size(const OutgoingMessage& message) {
  std::size_t size = message.payload.size() + (message.headers.empty() ? 0 : kFrame);
  for (const auto& field : message.headers) {
    size += field.name.size() + field.value.size() + kLineFrame;
  }
  return size;
}

Result<void> check_carried(const OutgoingMessage& message) {
  if (auto valid = check_subject(message.subject); !valid) {
    return valid;
  }
  for (const auto& field : message.headers) {
    if (!is_name(field.name) || !is_carried(field.value)) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("header \"{}\" can't be sent: a colon, a line break or a blank is "
                              "where it would begin another header",
                              field.name.substr(0, 100)));
    }
  }
  return {};
}

Result<void> check_size(const OutgoingMessage& message, std::size_t max_payload) {
  if (const std::size_t size = wire_size(message); size > max_payload) {
    return fail(ErrorCode::kInvalid,
                fmt::format("a message to {} has {} bytes with its headers, and this NATS server "
                            "takes {}: raise its max_payload",
                            message.subject, size, max_payload));
  }
  return {};
}

Result<void> append_publish(const OutgoingMessage& message, std::string_view reply,
                            std::string& bytes) {
  if (auto carried = check_carried(message); !carried) {
    return carried;
  }
  const std::size_t size = wire_size(message);
  bytes.append(message.headers.empty() ? "PUB " : "HPUB ").append(message.subject).append(" ");
  if (!reply.empty()) {
    bytes.append(reply).append(" ");
  }
  if (!message.headers.empty()) {
    append_number(size - message.payload.size(), bytes);
    bytes.append(" ");
  }
  append_number(size, bytes);
  bytes.append(kLineEnd);
  if (!message.headers.empty()) {
    bytes.append(kVersionLine);
    for (const auto& field : message.headers) {
      bytes.append(field.name).append(": ").append(field.value).append(kLineEnd);
    }
    bytes.append(kLineEnd);
  }
  bytes.append(message.payload).append(kLineEnd);
  return {};
}

}  // namespace nats3::nats
