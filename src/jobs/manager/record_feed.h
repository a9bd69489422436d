// RecordFeed: takes into the tables what has changed of the jobs on record. A bucket that lost its
// latest writes, or was made again, is read from its beginning; so is one that may have, as it
// was away, or wasn't looked at for a while. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "jobs/end_of_stream.h"
#include "jobs/manager/job_tables.h"
#include "nats/broker.h"

namespace nats3::jobs {

class RecordFeed {
 public:
  // All outlive this.
  RecordFeed(nats::KeyValue& kv, JobTables& tables, const Clock& clock)
      : kv_(kv), tables_(tables), clock_(clock) {}

  // Takes in all that changed before this call. One look at the record serves all who asked before
  // it began. Errors: those of KeyValue.
  [[nodiscard]] Result<void> sync();
  // The same for who reads: as fresh as NATS allows, and what is known while it is away, without
  // waiting for it.
  void refresh();

 private:
  Result<void> look();
  Result<void> read(const nats::StreamInfo& stream, MonotonicTime now);

  nats::KeyValue& kv_;
  JobTables& tables_;
  const Clock& clock_;
  std::atomic<std::uint64_t> asked_{0};  // calls of sync()
  std::mutex mutex_;                     // for the six that follow
  std::uint64_t served_ = 0;             // of asked_: those that the last look began after
  Result<void> last_;
  std::optional<Timestamp> created_;  // the bucket
  std::uint64_t seen_ = 0;            // revision of the last change that was taken in
  MonotonicTime looked_at_;           // when that was
  EndOfStream end_;
  std::atomic<bool> synced_{true};  // the last look succeeded
};

}  // namespace nats3::jobs
