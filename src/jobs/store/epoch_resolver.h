// Which epoch of the archive a stream's messages belong to right now.
//
// A sequence means one message only within one life of a stream. So before a job adds to an epoch,
// a message that is archived is compared with what the stream holds under its sequence.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/error.h"
#include "catalog/catalog.h"
#include "jobs/job.h"
#include "jobs/job_environment.h"
#include "nats/broker.h"

namespace nats3::jobs {

// What the job remembers of its epoch, to save listing it all.
struct EpochHint {
  std::string epoch;
  std::uint64_t first_of_tail = 0;  // of its chunks from here on one reaches furthest
  std::uint64_t archived = 0;       // up to here: the highest sequence that it put into the bucket
};

struct ResolvedEpoch {
  std::string name;
  // Up to here an earlier epoch holds what the filter selects: see EpochDescription.
  std::uint64_t shared = 0;
};

// Called with what is archived of the stream: fails while the stream isn't to be believed that it
// ends before that. See EndOfStream.
using CheckEnd = std::function<Result<void>(const nats::StreamInfo&, std::uint64_t archived)>;

// Finds the epoch to go on with, or begins one, and sees to it that its description names the
// subject of `spec`. Others of the stream's jobs may do so at the same time: they get the same one.
// - The latest message that is archived and still in the stream: the same (time, subject, headers,
//   payload), the epoch goes on; another, or one stored after what was archived behind it, a new
//   one begins. Up to where the stream is the same as an earlier one, the new one leaves to that.
// - Nothing to compare: it goes on if the stream's `created` is the epoch's and its last sequence
//   isn't below what is archived.
// What the hint says was archived isn't in the bucket: that is another one, or an older state of
// it. Nothing is begun then. Errors: those of Broker, KeyValue, ObjectStore and `check_end`;
// kUnavailable, of such a bucket; kCorrupt, naming the chunk.
[[nodiscard]] Result<ResolvedEpoch> resolve_epoch(const JobEnvironment& environment,
                                                  const catalog::Catalog& catalog,
                                                  const StoreSpec& spec, nats::StreamInfo info,
                                                  const EpochHint& hint, const CheckEnd& check_end);

}  // namespace nats3::jobs
