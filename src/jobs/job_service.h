// JobService: everything one can ask about jobs. The API speaks to this; JobManager is it.
//
// Thread-safe. Errors of every call: kUnavailable (NATS or the object store can't be reached: say
// so to the client and let it try again); those named below.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "jobs/job.h"
#include "jobs/membership.h"

namespace nats3::jobs {

// One of the servers that share the jobs.
struct ServerStatus {
  ServerInfo info;
  bool self = false;             // the one that answers
  std::uint64_t store_jobs = 0;  // that it works at
  std::uint64_t load_jobs = 0;
  std::uint64_t verify_jobs = 0;
};

class JobService {
 public:
  virtual ~JobService() = default;

  // Checks the spec against NATS and the bucket, stores the job and starts it, unless it is to wait
  // for resume. The answer's status is kCreated, or kPaused. Errors: kInvalid (the spec can't work:
  // unknown stream, a subject outside it, ...), kAlreadyExists (another job writes the same keys),
  // kDenied (bucket or NATS permissions). After an error nothing is left behind; after
  // a kUnavailable that says so, not for long.
  virtual Result<StoreJob> create(StoreSpec spec, Start start) = 0;
  virtual Result<LoadJob> create(LoadSpec spec, Start start) = 0;
  virtual Result<VerifyJob> create(VerifySpec spec, Start start) = 0;

  // Errors: kNotFound "job id X not found".
  virtual Result<StoreJob> store_job(const std::string& id) = 0;
  virtual Result<LoadJob> load_job(const std::string& id) = 0;
  virtual Result<VerifyJob> verify_job(const std::string& id) = 0;

  // As store_job(), but if another server works at the job, what that one told after this call. Its
  // lag is unknown when it hasn't within a few seconds.
  virtual Result<StoreJob> store_job_right_now(const std::string& id) = 0;

  // Newest first.
  virtual Result<std::vector<StoreJob>> store_jobs() = 0;
  virtual Result<std::vector<LoadJob>> load_jobs() = 0;
  virtual Result<std::vector<VerifyJob>> verify_jobs() = 0;

  // Pausing writes what the job holds before it answers; pausing a paused job changes nothing.
  // Errors: kNotFound; kConflict for a job that has ended.
  virtual Result<StoreJob> pause_store(const std::string& id) = 0;
  virtual Result<LoadJob> pause_load(const std::string& id) = 0;
  virtual Result<VerifyJob> pause_verify(const std::string& id) = 0;

  // Goes on after a pause or a failure. Errors: kNotFound; kConflict for one that is running.
  // Resuming a load or a verification that succeeded changes nothing.
  virtual Result<StoreJob> resume_store(const std::string& id) = 0;
  virtual Result<LoadJob> resume_load(const std::string& id) = 0;
  virtual Result<VerifyJob> resume_verify(const std::string& id) = 0;

  // Stops and forgets the job; what it archived or published stays. Errors: kNotFound.
  virtual Result<void> remove_store(const std::string& id) = 0;
  virtual Result<void> remove_load(const std::string& id) = 0;
  virtual Result<void> remove_verify(const std::string& id) = 0;

  // Those that are alive, in order of their ids.
  virtual Result<std::vector<ServerStatus>> servers() = 0;
};

}  // namespace nats3::jobs
