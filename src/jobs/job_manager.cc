#include "jobs/job_manager.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/digest.h"
#include "jobs/spec_check.h"

namespace nats3::jobs {

JobManager::JobManager(const JobEnvironment& environment)
    : environment_(environment),
      backoff_({}, static_cast<std::uint32_t>(xxh3_64(environment.make_id()))),
      stores_(environment),
      loads_(environment) {}

void JobManager::start() {
  environment_.tasks.post([this] { read_records(); });
}

void JobManager::read_records() {
  auto entries = environment_.kv.list("job.");
  if (!entries) {
    {
      const std::lock_guard lock(mutex_);
      if (start_trouble_ != entries.error().message) {
        start_trouble_ = entries.error().message;
        spdlog::warn("waiting for NATS: {}", start_trouble_);
      }
    }
    environment_.tasks.post_at(environment_.tasks.clock().monotonic() + backoff_.next(),
                               [this] { read_records(); });
    return;
  }
  for (const auto& entry : *entries) {
    adopt(entry);
  }
  const std::lock_guard lock(mutex_);
  started_ = true;
  spdlog::info("{} jobs on record", entries->size());
}

void JobManager::adopt(const nats::KvEntry& entry) {
  Result<void> adopted;
  if (entry.key.starts_with("job.store.")) {
    adopted = parse_store_record(entry.value).map([&](StoreRecord record) {
      stores_.adopt(std::move(record), entry.revision);
    });
  } else if (entry.key.starts_with("job.load.")) {
    adopted = parse_load_record(entry.value).map([&](LoadRecord record) {
      loads_.adopt(std::move(record), entry.revision);
    });
  }
  if (!adopted) {
    spdlog::error("{} can't be read and is left alone: {}", entry.key, adopted.error().message);
  }
}

void JobManager::stop(std::chrono::milliseconds timeout) {
  stores_.stop_all(timeout);
  loads_.stop_all(timeout);
}

Result<void> JobManager::check_started() const {
  const std::lock_guard lock(mutex_);
  if (!started_) {
    return fail(ErrorCode::kUnavailable, "not ready: " + start_trouble_);
  }
  return {};
}

Result<void> JobManager::ready() const {
  return check_started().and_then([&] { return environment_.broker.status(); });
}

template <typename Job>
void JobManager::give_identity(Job& job, Start start) const {
  job.info.id = environment_.make_id();
  job.info.status = start == Start::kPaused ? Status::kPaused : Status::kCreated;
  job.info.created = environment_.steps.clock().now();
  job.info.updated = job.info.created;
}

Result<void> JobManager::check_free(const StoreSpec& spec) const {
  for (const StoreJob& other : stores_.list()) {
    if (other.spec.bucket == spec.bucket && other.spec.prefix == spec.prefix &&
        other.spec.stream == spec.stream && other.spec.subject == spec.subject) {
      return fail(
          ErrorCode::kAlreadyExists,
          fmt::format("job {} ('{}') archives subject '{}' of stream '{}' to the same place "
                      "already: give another prefix or bucket, or delete that job",
                      other.info.id, other.spec.name, spec.subject, spec.stream));
    }
  }
  return {};
}

Result<StoreJob> JobManager::create(StoreSpec spec, Start start) {
  const std::lock_guard lock(create_mutex_);
  auto checked = check_started().and_then([&] { return check_free(spec); }).and_then([&] {
    return check_spec(environment_, std::move(spec));
  });
  if (!checked) {
    return fail(checked.error());
  }
  StoreRecord record;
  record.job.spec = std::move(*checked);
  give_identity(record.job, start);
  return stores_.add(std::move(record));
}

Result<LoadJob> JobManager::create(LoadSpec spec, Start start) {
  auto checked = check_started().and_then([&] { return check_spec(environment_, spec); });
  if (!checked) {
    return fail(checked.error());
  }
  LoadRecord record;
  record.job.spec = std::move(spec);
  give_identity(record.job, start);
  return loads_.add(std::move(record));
}

Result<StoreJob> JobManager::store_job(const std::string& id) {
  return check_started().and_then([&] { return stores_.get(id); });
}
Result<LoadJob> JobManager::load_job(const std::string& id) {
  return check_started().and_then([&] { return loads_.get(id); });
}
Result<std::vector<StoreJob>> JobManager::store_jobs() {
  return check_started().map([&] { return stores_.list(); });
}
Result<std::vector<LoadJob>> JobManager::load_jobs() {
  return check_started().map([&] { return loads_.list(); });
}
Result<StoreJob> JobManager::pause_store(const std::string& id) {
  return check_started().and_then([&] { return stores_.pause(id); });
}
Result<LoadJob> JobManager::pause_load(const std::string& id) {
  return check_started().and_then([&] { return loads_.pause(id); });
}
Result<StoreJob> JobManager::resume_store(const std::string& id) {
  return check_started().and_then([&] { return stores_.resume(id); });
}
Result<LoadJob> JobManager::resume_load(const std::string& id) {
  return check_started().and_then([&] { return loads_.resume(id); });
}
Result<void> JobManager::remove_store(const std::string& id) {
  return check_started().and_then([&] { return stores_.remove(id); });
}
Result<void> JobManager::remove_load(const std::string& id) {
  return check_started().and_then([&] { return loads_.remove(id); });
}

}  // namespace nats3::jobs
