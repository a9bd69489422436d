// JobManager: the jobs of all servers on one NATS, as this one sees them. Keeps them on record in
// the key-value bucket, works at its share of them, and answers for all.
//
// Two loops keep it going: one renews this server's lease; the other, every second, takes in what
// has changed on record, does what other servers ask, and takes or gives away jobs as servers come
// and go (see job_sharing.h).
//
// Thread-safe; calls may block on NATS or the object store for the length of a few requests, and
// pausing or removing a job of another server until that one has done it.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "jobs/job_environment.h"
#include "jobs/job_service.h"
#include "jobs/manager/asks.h"
#include "jobs/manager/job_sharing.h"
#include "jobs/manager/job_tables.h"
#include "jobs/manager/record_feed.h"
#include "jobs/membership.h"

namespace nats3::jobs {

class JobManager final : public JobService {
 public:
  // `environment`, `membership` (which is its lease) and `leases` (the bucket it is in) outlive the
  // manager and everything it posted to the executors.
  JobManager(const JobEnvironment& environment, Membership& membership, nats::KeyValue& leases);

  // Takes up this server's share of the jobs on record; tries until NATS answers. Returns at once.
  void start();
  // Has every job write what it holds, at most until `timeout` from now, and leaves them to other
  // servers, or to the next start; their status stays.
  void stop(std::chrono::milliseconds timeout);

  // Errors: kUnavailable, saying why this server can't work right now.
  [[nodiscard]] Result<void> ready() const;

  Result<StoreJob> create(StoreSpec spec, Start start) override;
  Result<LoadJob> create(LoadSpec spec, Start start) override;
  Result<VerifyJob> create(VerifySpec spec, Start start) override;
  Result<StoreJob> store_job(const std::string& id) override;
  Result<StoreJob> store_job_right_now(const std::string& id) override;
  Result<LoadJob> load_job(const std::string& id) override;
  Result<VerifyJob> verify_job(const std::string& id) override;
  Result<std::vector<StoreJob>> store_jobs() override;
  Result<std::vector<LoadJob>> load_jobs() override;
  Result<std::vector<VerifyJob>> verify_jobs() override;
  Result<StoreJob> pause_store(const std::string& id) override;
  Result<LoadJob> pause_load(const std::string& id) override;
  Result<VerifyJob> pause_verify(const std::string& id) override;
  Result<StoreJob> resume_store(const std::string& id) override;
  Result<LoadJob> resume_load(const std::string& id) override;
  Result<VerifyJob> resume_verify(const std::string& id) override;
  Result<void> remove_store(const std::string& id) override;
  Result<void> remove_load(const std::string& id) override;
  Result<void> remove_verify(const std::string& id) override;
  Result<std::vector<ServerStatus>> servers() override;

 private:
  void renew();
  void tick();
  Result<void> do_asks();
  Result<void> take_back_unmade();
  [[nodiscard]] Result<void> check_started() const;
  void set_start_trouble(const std::string& trouble);
  [[nodiscard]] Result<void> check_may_create();
  [[nodiscard]] Result<void> check_free(const StoreSpec& spec) const;
  template <typename Job>
  void give_identity(Job& job, Start start) const;

  // Whether another server that is alive works at the job, which `info` describes.
  template <typename Table>
  [[nodiscard]] bool is_elsewhere(const Table& table, const JobInfo& info) const;
  // Calls `done_elsewhere` until it gives a value while another server works at the job, asking
  // that one meanwhile; `here` when none does.
  template <typename Table, typename T>
  Result<T> where_it_runs(Table& table, const Ask& ask, const std::function<Result<T>()>& here,
                          const std::function<std::optional<T>()>& done_elsewhere);
  template <typename Table>
  auto pause(Table& table, const std::string& id);
  template <typename Table>
  auto resume(Table& table, const std::string& id);
  template <typename Table>
  Result<void> remove(Table& table, const std::string& id);

  const JobEnvironment& environment_;
  Membership& membership_;
  Asks asks_;
  Backoff backoff_;  // of ticks that fail
  std::string lease_trouble_;
  mutable std::mutex mutex_;
  bool started_ = false;
  bool stopping_ = false;
  std::string start_trouble_ = "the jobs on record are being read";
  std::mutex create_mutex_;  // so that of two equal store jobs one finds the other
  JobTables tables_;
  RecordFeed feed_;
  JobSharing sharing_;  // for the loop of the jobs
};

}  // namespace nats3::jobs
