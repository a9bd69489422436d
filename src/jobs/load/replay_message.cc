#include "jobs/load/replay_message.h"

#include <fmt/format.h>

#include <array>

#include "base/time_text.h"

namespace nats3::jobs {
namespace {

constexpr std::string_view kExpectedSequence = "Nats-Expected-Last-Sequence";
constexpr std::string_view kExpectedId = "Nats-Expected-Last-Msg-Id";
constexpr std::string_view kStream = "Nats3-Stream";
constexpr std::string_view kSequence = "Nats3-Sequence";
constexpr std::string_view kTime = "Nats3-Time";
constexpr std::string_view kArchived = "Nats3-Archived";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_prefix) {
  return text.size() >= lower_prefix.size() &&
         std::ranges::equal(text.substr(0, lower_prefix.size()), lower_prefix, {}, lower);
}

bool acts_on_target(std::string_view name) {
  constexpr std::array<std::string_view, 9> kPrefixes = {
      "nats-expected-", "nats-rollup", "nats-ttl",           "nats-schedule",       "nats-msg-id",
      "nats-batch-",    "nats-incr",   "nats-stream-source", "nats-counter-sources"};
  return starts_with_ignoring_case(name, "nats-") &&
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) {
           return starts_with_ignoring_case(name, prefix);
         });
}

bool tells_origin(std::string_view name) {
  return name == kStream || name == kSequence || name == kTime || name == kArchived;
}

}  // namespace

std::string message_id_prefix(const std::string& job_id) { return job_id + ":"; }

ReplayMessage::ReplayMessage(const LoadSpec& spec, const std::string& job_id,
                             const SubjectMapping& mapping)
    : stream_(spec.read_stream),
      id_prefix_(message_id_prefix(job_id)),
      origin_headers_(spec.origin_headers),
      message_ids_(spec.message_ids),
      mapping_(mapping) {}

nats::OutgoingMessage ReplayMessage::make(const std::string& epoch, const archive::Message& message,
                                          const Expected& expected) {
  headers_.clear();
  add_guards(epoch, message.sequence, expected);
  renamed_.clear();
  renamed_.reserve(message.headers.size());  // views of its strings must stay valid
  for (const auto& field : message.headers) {
    if (acts_on_target(field.name)) {
      renamed_.push_back(fmt::format("Nats3-{}", field.name.substr(sizeof("Nats-") - 1)));
      add(renamed_.back(), field.value);
    } else if (!replaces(field.name)) {
      add(field.name, field.value);
    }
  }
  if (origin_headers_) {
    add_origin(epoch, message);
  }
  mapping_.apply(message.subject, subject_);
  return {.subject = subject_, .headers = headers_, .payload = message.payload};
}

// They come first: nats-server takes the first place in a block where a name is found for the
// header, and ignores it when that is in the middle of a line. Any message may say "Nats-Msg-Id"
// somewhere. Source: getHeader,
// https://github.com/nats-io/nats-server/blob/v2.9.10/server/client.go
void ReplayMessage::add_guards(const std::string& epoch, std::uint64_t sequence,
                               const Expected& expected) {
  if (expected.last_sequence) {
    expected_sequence_ = std::to_string(*expected.last_sequence);
    add(kExpectedSequence, expected_sequence_);
  }
  std::swap(id_, previous_id_);
  id_.clear();
  fmt::format_to(std::back_inserter(id_), "{}{}:{}", id_prefix_, epoch, sequence);
  add(message_ids_ ? kMessageId : kLoadId, id_);
  if (expected.previous) {
    add(kExpectedId, previous_id_);
  }
}

// An archive of what was replayed before has such headers.
bool ReplayMessage::replaces(std::string_view name) const {
  return (origin_headers_ && tells_origin(name)) || (!message_ids_ && name == kLoadId);
}

void ReplayMessage::add_origin(const std::string& epoch, const archive::Message& message) {
  time_ = format_time(message.time);
  add(kStream, stream_);
  if (catalog::is_v1_place(epoch)) {
    add(kArchived, time_);
    return;
  }
  sequence_.clear();
  fmt::format_to(std::back_inserter(sequence_), "{}", message.sequence);
  add(kSequence, sequence_);
  add(kTime, time_);
}

std::string ReplayMessage::describe(const catalog::ReadBatch& batch, std::uint64_t sequence) const {
  return batch.v1_key.empty() ? fmt::format("message {} of '{}'", sequence, stream_)
                              : fmt::format("message {} in '{}'", sequence, batch.v1_key);
}

}  // namespace nats3::jobs
