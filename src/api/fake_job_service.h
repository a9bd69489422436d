// FakeJobService: jobs in memory that do nothing, and errors on demand. For tests of what speaks to
// a JobService.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/uuid.h"
#include "jobs/job_service.h"

namespace nats3::api {

class FakeJobService final : public jobs::JobService {
 public:
  // From now on every call fails so, until it's reset.
  void fail_with(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  // Changes a job behind the API's back.
  void set(const jobs::StoreJob& job) {
    const std::lock_guard lock(mutex_);
    stores_[job.info.id] = job;
  }
  void set(const jobs::LoadJob& job) {
    const std::lock_guard lock(mutex_);
    loads_[job.info.id] = job;
  }
  void set(const jobs::VerifyJob& job) {
    const std::lock_guard lock(mutex_);
    verifications_[job.info.id] = job;
  }

  Result<jobs::StoreJob> create(jobs::StoreSpec spec, jobs::Start start) override {
    return add(stores_, jobs::StoreJob{new_info(start), std::move(spec), {}});
  }
  Result<jobs::LoadJob> create(jobs::LoadSpec spec, jobs::Start start) override {
    return add(loads_, jobs::LoadJob{new_info(start), std::move(spec), {}});
  }
  Result<jobs::VerifyJob> create(jobs::VerifySpec spec, jobs::Start start) override {
    return add(verifications_, jobs::VerifyJob{new_info(start), std::move(spec), {}});
  }
  Result<jobs::StoreJob> store_job(const std::string& id) override { return get(stores_, id); }
  // Without its lag, to tell it apart: as if the job's server didn't answer.
  Result<jobs::StoreJob> store_job_right_now(const std::string& id) override {
    return get(stores_, id).map([](jobs::StoreJob job) {
      job.progress.lag.reset();
      return job;
    });
  }
  Result<jobs::LoadJob> load_job(const std::string& id) override { return get(loads_, id); }
  Result<jobs::VerifyJob> verify_job(const std::string& id) override {
    return get(verifications_, id);
  }
  Result<std::vector<jobs::StoreJob>> store_jobs() override { return list(stores_); }
  Result<std::vector<jobs::LoadJob>> load_jobs() override { return list(loads_); }
  Result<std::vector<jobs::VerifyJob>> verify_jobs() override { return list(verifications_); }
  Result<jobs::StoreJob> pause_store(const std::string& id) override {
    return change(stores_, id, jobs::Status::kPaused);
  }
  Result<jobs::LoadJob> pause_load(const std::string& id) override {
    return change(loads_, id, jobs::Status::kPaused);
  }
  Result<jobs::VerifyJob> pause_verify(const std::string& id) override {
    return change(verifications_, id, jobs::Status::kPaused);
  }
  Result<jobs::StoreJob> resume_store(const std::string& id) override {
    return change(stores_, id, jobs::Status::kRunning);
  }
  Result<jobs::LoadJob> resume_load(const std::string& id) override {
    return change(loads_, id, jobs::Status::kRunning);
  }
  Result<jobs::VerifyJob> resume_verify(const std::string& id) override {
    return change(verifications_, id, jobs::Status::kRunning);
  }
  Result<void> remove_store(const std::string& id) override { return remove(stores_, id); }
  Result<void> remove_load(const std::string& id) override { return remove(loads_, id); }
  Result<void> remove_verify(const std::string& id) override { return remove(verifications_, id); }
  Result<std::vector<jobs::ServerStatus>> servers() override {
    const std::lock_guard lock(mutex_);
    if (error_) {
      return fail(*error_);
    }
    return std::vector<jobs::ServerStatus>{
        {.info = {.id = "5f1c0d9be3a24d71", .name = "host:8080", .version = "1", .started = time_},
         .self = true,
         .store_jobs = stores_.size(),
         .load_jobs = loads_.size(),
         .verify_jobs = verifications_.size()}};
  }

 private:
  template <typename Job>
  using Table = std::map<std::string, Job>;

  jobs::JobInfo new_info(jobs::Start start) {
    const std::lock_guard lock(mutex_);
    time_ += std::chrono::seconds{1};
    return {
        .id = make_uuid(),
        .status = start == jobs::Start::kPaused ? jobs::Status::kPaused : jobs::Status::kCreated,
        .created = time_,
        .updated = time_,
        .last_error = {},
        .last_error_since = {},
        .server = {}};
  }

  template <typename Job>
  Result<Job> add(Table<Job>& table, Job job) {
    const std::lock_guard lock(mutex_);
    if (error_) {
      return fail(*error_);
    }
    return table[job.info.id] = std::move(job);
  }

  // With the mutex held.
  template <typename Job>
  Result<Job*> find(Table<Job>& table, const std::string& id) {
    if (error_) {
      return fail(*error_);
    }
    const auto found = table.find(id);
    if (found == table.end()) {
      return fail(ErrorCode::kNotFound, fmt::format("job id {} not found", id));
    }
    return &found->second;
  }

  template <typename Job>
  Result<Job> get(Table<Job>& table, const std::string& id) {
    const std::lock_guard lock(mutex_);
    return find(table, id).map([](const Job* job) { return *job; });
  }

  template <typename Job>
  Result<std::vector<Job>> list(Table<Job>& table) {
    const std::lock_guard lock(mutex_);
    if (error_) {
      return fail(*error_);
    }
    std::vector<Job> jobs;
    for (const auto& [id, job] : table) {
      jobs.push_back(job);
    }
    std::ranges::sort(jobs, std::greater<>{}, [](const Job& job) { return job.info.created; });
    return jobs;
  }

  template <typename Job>
  Result<Job> change(Table<Job>& table, const std::string& id, jobs::Status status) {
    const std::lock_guard lock(mutex_);
    const auto job = find(table, id);
    if (!job) {
      return fail(job.error());
    }
    if (status == jobs::Status::kRunning && (*job)->info.status == status) {
      return fail(ErrorCode::kConflict, fmt::format("job id {} is running already", id));
    }
    (*job)->info.status = status;
    return **job;
  }

  template <typename Job>
  Result<void> remove(Table<Job>& table, const std::string& id) {
    const std::lock_guard lock(mutex_);
    if (auto job = find(table, id); !job) {
      return fail(job.error());
    }
    table.erase(id);
    return {};
  }

  std::mutex mutex_;
  std::optional<Error> error_;
  Timestamp time_{std::chrono::seconds{1'700'000'000}};
  Table<jobs::StoreJob> stores_;
  Table<jobs::LoadJob> loads_;
  Table<jobs::VerifyJob> verifications_;
};

}  // namespace nats3::api
