// JobManager: the jobs of this server. Keeps them on record in the key-value bucket, runs them, and
// answers for them.
//
// Thread-safe; calls may block on NATS or the object store for the length of a few requests.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "jobs/job_environment.h"
#include "jobs/job_service.h"
#include "jobs/job_table.h"
#include "jobs/load_runner.h"
#include "jobs/store_runner.h"

namespace nats3::jobs {

class JobManager final : public JobService {
 public:
  // `environment` outlives the manager and everything it posted to the executors.
  explicit JobManager(const JobEnvironment& environment);

  // Reads the jobs on record and goes on with those that were running; tries until NATS answers.
  // Returns at once.
  void start();
  // Has every job write what it holds, at most until `timeout` from now; their status stays, so
  // that the next start goes on.
  void stop(std::chrono::milliseconds timeout);

  // Errors: kUnavailable, saying why this server can't work right now.
  [[nodiscard]] Result<void> ready() const;

  Result<StoreJob> create(StoreSpec spec, Start start) override;
  Result<LoadJob> create(LoadSpec spec, Start start) override;
  Result<StoreJob> store_job(const std::string& id) override;
  Result<LoadJob> load_job(const std::string& id) override;
  Result<std::vector<StoreJob>> store_jobs() override;
  Result<std::vector<LoadJob>> load_jobs() override;
  Result<StoreJob> pause_store(const std::string& id) override;
  Result<LoadJob> pause_load(const std::string& id) override;
  Result<StoreJob> resume_store(const std::string& id) override;
  Result<LoadJob> resume_load(const std::string& id) override;
  Result<void> remove_store(const std::string& id) override;
  Result<void> remove_load(const std::string& id) override;

 private:
  void read_records();
  void adopt(const nats::KvEntry& entry);
  [[nodiscard]] Result<void> check_started() const;
  [[nodiscard]] Result<void> check_free(const StoreSpec& spec) const;
  template <typename Job>
  void give_identity(Job& job, Start start) const;

  const JobEnvironment& environment_;
  Backoff backoff_;
  mutable std::mutex mutex_;
  bool started_ = false;
  std::string start_trouble_ = "the jobs on record are being read";
  std::mutex create_mutex_;  // so that of two equal store jobs one finds the other
  JobTable<StoreRunner, StoreRecord> stores_;
  JobTable<LoadRunner, LoadRecord> loads_;
};

}  // namespace nats3::jobs
