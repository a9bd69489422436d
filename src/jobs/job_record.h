// Job records: all that a job needs to go on after a restart, kept in the key-value bucket.
//
// A record is changed by compare-and-set only. Each incarnation of a job raises the record's fence
// when it starts, so that one which lost its job (another server took it over) finds out at its
// next change, before it writes anything else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/archive_reader.h"
#include "catalog/extent.h"
#include "catalog/position.h"
#include "catalog/verifier.h"
#include "jobs/job.h"
#include "jobs/metrics.h"

namespace nats3::jobs {

// The messages of one chunk, written down before it is uploaded: whoever goes on with the job makes
// exactly this chunk again, under the same key and with the same bytes.
struct ChunkRange {
  std::uint64_t previous = 0;  // last sequence of the chunk before, as ChunkOptions::previous
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t count = 0;
  Timestamp time_min;
  Timestamp time_max;
  bool operator==(const ChunkRange&) const = default;
};

struct StoreRecord {
  static constexpr JobKind kKind = JobKind::kStore;
  StoreJob job;
  std::uint64_t fence = 0;
  std::string epoch;                // that `archived` and `intents` belong to; "" before the first
  std::uint64_t archived = 0;       // every selected message up to here is in the bucket
  std::uint64_t accounted = 0;      // every selected message up to here is archived, or in `unseen`
  std::uint64_t first_of_tail = 0;  // first sequence of the chunk that reaches up to there
  std::vector<ChunkRange> intents;  // uploads that may be under way, in order
  std::string told;                 // the asks to tell that `job` is the answer to: see Asks
};

// Where in a load's target messages can be that its position doesn't cover: after `sequence`. On
// record before the first message is published, until all are acknowledged and covered.
struct TargetMark {
  std::string stream;
  Timestamp created;  // of the stream: one that was made again is another
  std::uint64_t sequence = 0;
  bool operator==(const TargetMark&) const = default;
};

struct LoadRecord {
  static constexpr JobKind kKind = JobKind::kLoad;
  LoadJob job;
  std::uint64_t fence = 0;
  catalog::Position position;  // every selected message up to here was acknowledged by the target
  // What it replays, unless it polls: what was archived when it began. Absent before its first
  // session, and in what an earlier release wrote.
  std::optional<catalog::Extent> extent;
  std::optional<TargetMark> target;
  // Up to there, and still to be deleted.
  std::vector<catalog::FinishedChunk> replayed;
};

struct VerifyRecord {
  static constexpr JobKind kKind = JobKind::kVerify;
  VerifyJob job;
  std::uint64_t fence = 0;
  catalog::VerifyPosition position;  // what `job.progress` tells of; at the beginning: a new round
  // What was found at the object after `position`, and may have been repaired meanwhile.
  std::vector<catalog::Finding> repairing;
};

[[nodiscard]] std::string record_key(JobKind kind, const std::string& id);  // "job.store.<id>"

[[nodiscard]] std::string serialize(const StoreRecord& record);
[[nodiscard]] std::string serialize(const LoadRecord& record);
[[nodiscard]] std::string serialize(const VerifyRecord& record);
// Errors: kCorrupt, saying what is wrong.
[[nodiscard]] Result<StoreRecord> parse_store_record(std::string_view text);
[[nodiscard]] Result<LoadRecord> parse_load_record(std::string_view text);
[[nodiscard]] Result<VerifyRecord> parse_verify_record(std::string_view text);

template <typename Record>
[[nodiscard]] Result<Record> parse_record(std::string_view text) {
  if constexpr (Record::kKind == JobKind::kStore) {
    return parse_store_record(text);
  } else if constexpr (Record::kKind == JobKind::kLoad) {
    return parse_load_record(text);
  } else {
    return parse_verify_record(text);
  }
}

}  // namespace nats3::jobs
