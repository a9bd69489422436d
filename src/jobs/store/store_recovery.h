// StoreRecovery: where a session of a store job begins: told by what is on record and what is in
// the bucket, of which the bucket is right. Blocks on NATS and the object store.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "jobs/job_environment.h"
#include "jobs/job_record.h"
#include "jobs/store/epoch_resolver.h"

namespace nats3::jobs {

struct StoreStart {
  std::shared_ptr<catalog::Catalog> catalog;
  std::string epoch;
  // The last sequence archived: what is selected up to here was put, but with acknowledgements,
  // where some of it may still come.
  std::uint64_t archived = 0;
  std::uint64_t first_of_tail = 0;       // first sequence of the chunk that reaches so far
  std::uint64_t received = 0;            // reading begins after it
  std::deque<ChunkRange> to_make_again;  // on record and not in the bucket, in order
  std::vector<ChunkRange> found;         // on record and in the bucket: counted here
  StoreProgress totals;                  // with those found
};

// Opens the archive and its epoch, takes over from an adopted consumer at the first time, and looks
// which of the chunks on record arrived.
// Errors: those of Broker, ObjectStore and `check_end`; kCorrupt, naming an object; kUnavailable
// when the stream ends before what is archived of it.
[[nodiscard]] Result<StoreStart> recover_store(const JobEnvironment& environment,
                                               const StoreSpec& spec, const StoreRecord& record,
                                               const nats::StreamInfo& info,
                                               const CheckEnd& check_end);

// Counts a chunk that is in the bucket, in a job's progress and in the metrics.
void count_stored(StoreProgress& totals, Metrics& metrics, std::uint64_t messages,
                  const catalog::ChunkStats& stats);

}  // namespace nats3::jobs
