// JobTables: the jobs of every kind, a table for each, so that what is done to all kinds alike is
// written once.
// Thread-safe, as the tables are.
#pragma once

#include <set>
#include <string>

#include "jobs/job_environment.h"
#include "jobs/load/load_runner.h"
#include "jobs/manager/job_table.h"
#include "jobs/store/store_runner.h"
#include "jobs/verify/verify_runner.h"

namespace nats3::jobs {

struct JobTables {
  // `environment` outlives the tables and the runners in them.
  explicit JobTables(const JobEnvironment& environment)
      : stores(environment), loads(environment), verifications(environment) {}

  // Calls `act` with each table: those of stores, loads, verifications.
  template <typename Act>
  void each(Act act) {
    act(stores);
    act(loads);
    act(verifications);
  }

  // Calls `act` with the table of one kind.
  template <typename Act>
  void of(JobKind kind, Act act) {
    each([&](auto& table) {
      if (table.kKind == kind) {
        act(table);
      }
    });
  }

  // Of the records of all jobs.
  [[nodiscard]] std::set<std::string> keys() const;

  // Takes in that a job's record was written or removed. One that can't be read is left alone, with
  // a line in the log; keys of other kinds are of no concern.
  void apply(const nats::KvChange& change);

  JobTable<StoreRunner, StoreRecord> stores;
  JobTable<LoadRunner, LoadRecord> loads;
  JobTable<VerifyRunner, VerifyRecord> verifications;
};

}  // namespace nats3::jobs
