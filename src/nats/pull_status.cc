#include "nats/pull_status.h"

#include <fmt/format.h>

#include <charconv>

#include "nats/headers.h"

namespace nats3::nats {
namespace {

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

PullStatus::Kind conflict_kind(std::string_view text) {
  if (text.starts_with("Message Size Exceeds MaxBytes")) {
    return PullStatus::Kind::kTooLarge;
  }
  if (text.starts_with("Batch Completed")) {
    return PullStatus::Kind::kEnded;
  }
  if (text.starts_with("Exceeded MaxWaiting")) {
    return PullStatus::Kind::kCrowded;
  }
  if (text.starts_with("Exceeded") || text.starts_with("Consumer is push based")) {
    return PullStatus::Kind::kRefused;
  }
  return PullStatus::Kind::kGone;  // Consumer Deleted, Leadership Change, Server Shutdown, ...
}

constexpr int kHeartbeat = 100;

PullStatus::Kind kind_of(const StatusLine& status) {
  switch (status.code) {
    case 404:
    case 408:
      return PullStatus::Kind::kEnded;
    case 409:
      return conflict_kind(status.description);
    case 400:
    case 412:
    case 423:
      return PullStatus::Kind::kRefused;
    default:
      return PullStatus::Kind::kGone;  // 503: nobody answers pull requests
  }
}

}  // namespace

bool is_heartbeat(const MessageView& message) {
  return message.headers.empty() || parse_status_line(message.headers).code == kHeartbeat;
}

Result<PullStatus> read_pull_status(const MessageView& message) {
  std::vector<archive::HeaderField> fields;
  if (auto parsed = parse_header_block(message.headers, fields); !parsed) {
    return fail(parsed.error());
  }
  const StatusLine status = parse_status_line(message.headers);
  return PullStatus{.kind = kind_of(status),
                    .messages_left = number(find_header(fields, "Nats-Pending-Messages")),
                    .bytes_left = number(find_header(fields, "Nats-Pending-Bytes")),
                    .text = fmt::format("{} {}", status.code, status.description)};
}

}  // namespace nats3::nats
