// ReplayMessage: what an archived message becomes when it is published again.
//
// Headers come back as they were, but for those that would act on the target stream
// (Nats-Expected-*, Nats-Rollup, Nats-TTL, Nats-Schedule*, Nats-Msg-Id), its counters (Nats-Incr)
// or where it goes on with its sources (Nats-Stream-Source): `Nats-X` travels as `Nats3-X`. Each
// message carries an id of its own, so that the target drops a second copy, and where it is from:
// stream, sequence and time. Version-1 chunks tell neither sequence nor time; what they tell, the
// time of archiving, travels as `Nats3-Archived`. Source:
// https://docs.nats.io/nats-concepts/jetstream/headers Not thread-safe: reuses its memory from
// message to message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/message.h"
#include "catalog/archive_reader.h"
#include "jobs/job.h"
#include "jobs/subject_mapping.h"
#include "nats/broker.h"

namespace nats3::jobs {

constexpr std::string_view kMessageId = "Nats-Msg-Id";
// Carries the id where the target is to know none: `message_ids` false.
constexpr std::string_view kLoadId = "Nats3-Load-Id";

// With which the ids of all messages begin that a job publishes: the rest is `epoch:sequence`.
[[nodiscard]] std::string message_id_prefix(const std::string& job_id);

// What the target must have as its last message for this one to be stored.
struct Expected {
  std::optional<std::uint64_t> last_sequence;
  bool previous = false;  // the message made before this one
};

class ReplayMessage {
 public:
  // `mapping` is kept by reference. Ids begin with `job_id`, so that another job can replay the
  // same messages into the same stream.
  ReplayMessage(const LoadSpec& spec, const std::string& job_id, const SubjectMapping& mapping);

  // Valid until the next call, and as long as `message`'s views are. `epoch`: of its batch.
  nats::OutgoingMessage make(const std::string& epoch, const archive::Message& message,
                             const Expected& expected = {});

  // Names a message of `batch` for people.
  [[nodiscard]] std::string describe(const catalog::ReadBatch& batch, std::uint64_t sequence) const;

 private:
  void add_guards(const std::string& epoch, std::uint64_t sequence, const Expected& expected);
  void add_origin(const std::string& epoch, const archive::Message& message);
  void add(std::string_view name, std::string_view value) { headers_.push_back({name, value}); }
  [[nodiscard]] bool replaces(std::string_view name) const;

  const std::string stream_;
  const std::string id_prefix_;
  const bool origin_headers_;
  const bool message_ids_;
  const SubjectMapping& mapping_;
  std::string subject_;
  std::string id_;
  std::string previous_id_;
  std::string expected_sequence_;
  std::string sequence_;
  std::string time_;
  std::vector<std::string> renamed_;
  std::vector<archive::HeaderField> headers_;
};

}  // namespace nats3::jobs
