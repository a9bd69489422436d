// RecordFeed: takes into the tables what has changed of the jobs on record. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "base/error.h"
#include "jobs/manager/job_tables.h"
#include "nats/broker.h"

namespace nats3::jobs {

class RecordFeed {
 public:
  // Both outlive this.
  RecordFeed(nats::KeyValue& kv, JobTables& tables) : kv_(kv), tables_(tables) {}

  // Takes in all that changed before this call. One look at the record serves all who asked before
  // it began. Errors: those of KeyValue.
  [[nodiscard]] Result<void> sync();
  // The same for who reads: as fresh as NATS allows, and what is known while it is away, without
  // waiting for it.
  void refresh();

 private:
  Result<void> look();

  nats::KeyValue& kv_;
  JobTables& tables_;
  std::atomic<std::uint64_t> asked_{0};  // calls of sync()
  std::mutex mutex_;                     // for the three that follow
  std::uint64_t served_ = 0;             // of asked_: those that the last look began after
  Result<void> last_;
  std::uint64_t seen_ = 0;          // revision of the last change that was taken in
  std::atomic<bool> synced_{true};  // the last look succeeded
};

}  // namespace nats3::jobs
