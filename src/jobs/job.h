// The job model: what a user asks for (specs), what nats3 tells (jobs with status and progress).
// Plain values; `job_json.h` gives their JSON form.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/finding.h"

namespace nats3::jobs {

enum class Status {
  kCreated,  // accepted, not begun
  kRunning,  // at work, or waiting for NATS or the object store to come back (see last_error)
  kPaused,   // stopped by request; what was held is written; resume goes on
  kSuccess,  // a load that replayed what there is; a verification that left nothing damaged
  kFailure,  // ended by something that doesn't heal by itself; resume tries again
};

enum class Codec { kBinary, kJson };

enum class OnCorrupt {
  kFail,  // a damaged or missing chunk ends the job, named
  kSkip,  // it is left out and counted
};

// When a chunk is full: whichever comes first.
struct BatchPolicy {
  std::uint64_t max_bytes = 16'000'000;  // of content: subjects, headers, payloads
  std::uint64_t max_count = 100'000;     // messages
  std::chrono::milliseconds max_wait{5'000};
  bool operator==(const BatchPolicy&) const = default;
};

// Archives the messages of `stream` that `subject` selects into `bucket`.
struct StoreSpec {
  std::string name;
  std::string bucket;
  std::optional<std::string> prefix;
  std::string stream;
  // The durable consumer to read with. Without one, a limits stream is read without
  // acknowledgements.
  std::optional<std::string> consumer;
  // A durable consumer that was at this work before: what it acknowledged is archived elsewhere. A
  // limits stream is read from after its ack floor on; other streams are read with it.
  std::optional<std::string> adopt_consumer;
  std::string subject;
  BatchPolicy batch;
  Codec codec = Codec::kBinary;
  bool operator==(const StoreSpec&) const = default;
};

// Replays what is archived of `read_stream`, as far as `read_subject` and the times select it, to
// `write_subject`: one subject, a NATS subject mapping ({{wildcard(1)}}), or {{subject}}.
struct LoadSpec {
  std::string name;
  std::string bucket;
  std::optional<std::string> prefix;
  std::string read_stream;
  std::optional<std::string> read_consumer;
  std::string read_subject;
  std::string write_subject;
  std::optional<std::chrono::nanoseconds> poll_interval;  // look again, instead of ending
  bool delete_chunks = false;
  std::optional<Timestamp> from_time;  // inclusive
  std::optional<Timestamp> to_time;    // inclusive
  OnCorrupt on_corrupt = OnCorrupt::kFail;
  bool origin_headers = true;  // add Nats3-Stream, Nats3-Sequence, Nats3-Time
  // Each message is stored only right after the one before it, so that not even a server which
  // wakes up after days can put one in between. Nobody else may publish into the target then.
  bool strict = false;
  // Whether the target is given ids by which it drops a second copy, within its duplicate window.
  // Without them, which is faster, each message expects a sequence of the target: needs `strict`.
  bool message_ids = true;
  bool operator==(const LoadSpec&) const = default;
};

// Reads all that is archived of `stream`, or of a time of it, again, makes every check, and
// archives what is damaged again where the stream still has it.
struct VerifySpec {
  std::string name;
  std::string bucket;
  std::optional<std::string> prefix;
  std::string stream;
  std::optional<Timestamp> from_time;  // inclusive
  std::optional<Timestamp> to_time;    // inclusive
  std::uint64_t rate = 50'000'000;     // bytes a second, at most
  bool repair = true;
  bool operator==(const VerifySpec&) const = default;
};

// How a new job begins.
enum class Start { kNow, kPaused };

// What every job tells of itself.
struct JobInfo {
  std::string id;  // a UUID
  Status status = Status::kCreated;
  Timestamp created;
  Timestamp updated;
  // Why it waits or failed; empty when all is well.
  std::string last_error;
  std::optional<Timestamp> last_error_since;
  std::string server;  // id of the server that works at it; "": none does
};

struct StoreProgress {
  std::uint64_t messages = 0;      // in the bucket, written by this job
  std::uint64_t bytes = 0;         // their content
  std::uint64_t stored_bytes = 0;  // of the objects that hold them
  std::uint64_t chunks = 0;
  std::uint64_t last_sequence = 0;  // every selected message up to here is in the bucket
  // Messages of the stream not yet known to be in the bucket; nullopt while nobody looks: before
  // the stream was asked, and while the job is paused.
  std::optional<std::uint64_t> lag;
  std::optional<Timestamp>
      oldest_unarchived;  // time of the oldest message held but not in the bucket
  // Messages that left the stream before they were archived, by age say; at most so many.
  std::uint64_t unseen = 0;
  double rate = 0;  // messages a second, of the last seconds
  bool operator==(const StoreProgress&) const = default;
};

struct StoreJob {
  JobInfo info;
  StoreSpec spec;
  StoreProgress progress;
};

struct LoadProgress {
  std::uint64_t messages = 0;  // published and acknowledged
  std::uint64_t bytes = 0;     // their content
  std::uint64_t chunks = 0;    // read to their end
  std::uint64_t skipped_chunks = 0;
  std::uint64_t last_sequence = 0;   // of the source stream, acknowledged in the target
  std::uint64_t total_messages = 0;  // in the chunks selected when the job last looked
  double rate = 0;                   // messages a second, of the last seconds
  bool operator==(const LoadProgress&) const = default;
};

// How a load keeps from publishing a message twice when it goes on after a kill.
struct Exactness {
  enum class Kind {
    kReadBack,  // it reads in the target what arrived, so it may go on after any time
    kWindow,    // by message ids alone, which the target forgets after its duplicate window
  };
  Kind kind = Kind::kReadBack;
  std::string reason;  // why no better; what else to know. May be empty
  bool operator==(const Exactness&) const = default;
};

struct LoadJob {
  JobInfo info;
  LoadSpec spec;
  LoadProgress progress;
  std::optional<Exactness> exactness;  // once the job has begun
};

struct VerifyProgress {
  // So many are kept: the newest, those that say of damage before others.
  static constexpr std::size_t kMaxFindings = 100;

  std::uint64_t messages = 0;  // read, and as they were archived
  std::uint64_t bytes = 0;     // read from the object store
  std::uint64_t chunks = 0;    // looked at, whole or not
  std::uint64_t damaged = 0;   // that something is wrong with, or that are missing; repaired or not
  std::uint64_t repaired = 0;  // of them
  std::uint64_t overlaps = 0;  // chunks that hold messages of another one, the same
  std::uint64_t gaps = 0;      // sequence numbers that aren't archived and not known to be lost
  std::uint64_t foreign = 0;   // objects that aren't of the archive
  std::string last_key;        // of the object looked at last
  std::vector<catalog::Finding> findings;  // oldest first
  double rate = 0;                         // messages a second, of the last seconds
  bool operator==(const VerifyProgress&) const = default;
};

struct VerifyJob {
  JobInfo info;
  VerifySpec spec;
  VerifyProgress progress;
};

}  // namespace nats3::jobs
