// JobTable: the jobs of one kind, each with its record and, while it is at work, its runner.
//
// Thread-safe. Operations on one job wait for each other; those on different jobs don't.
#pragma once

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "jobs/job_environment.h"
#include "jobs/job_runner.h"
#include "jobs/record_keeper.h"

namespace nats3::jobs {

template <typename Runner, typename Record>
class JobTable {
 public:
  using Job = decltype(Record::job);

  explicit JobTable(const JobEnvironment& environment) : environment_(environment) {}

  // Puts a new job on record and starts it, unless it is paused. Returns it as it was before its
  // first step.
  Result<Job> add(Record record) {
    auto entry = std::make_shared<Entry>();
    entry->keeper =
        std::make_shared<RecordKeeper<Record>>(environment_.kv, record, std::uint64_t{0});
    const std::lock_guard entry_lock(entry->mutex);
    if (auto stored = entry->keeper->update([](Record&) {}); !stored) {
      // It may be on record all the same; whoever is told that it isn't there must not meet it
      // later.
      static_cast<void>(entry->keeper->remove());
      return fail(stored.error());
    }
    insert(record.job.info.id, entry);
    if (record.job.info.status == Status::kCreated) {
      run(*entry);
    }
    return record.job;
  }

  // Takes over a job that is on record.
  void adopt(Record record, std::uint64_t revision) {
    const std::string id = record.job.info.id;
    const Status status = record.job.info.status;
    auto entry = std::make_shared<Entry>();
    entry->keeper =
        std::make_shared<RecordKeeper<Record>>(environment_.kv, std::move(record), revision);
    const std::lock_guard entry_lock(entry->mutex);
    insert(id, entry);
    if (status == Status::kCreated || status == Status::kRunning) {
      run(*entry);
    }
  }

  Result<Job> get(const std::string& id) const {
    return find(id).map([](const auto& entry) { return snapshot(*entry); });
  }

  // Newest first.
  std::vector<Job> list() const {
    std::vector<Job> jobs;
    for (const auto& entry : entries()) {
      jobs.push_back(snapshot(*entry));
    }
    std::ranges::sort(jobs, std::greater<>{},
                      [](const Job& job) { return std::pair(job.info.created, job.info.id); });
    return jobs;
  }

  Result<Job> pause(const std::string& id) {
    auto entry = find(id);
    if (!entry) {
      return fail(entry.error());
    }
    const std::lock_guard entry_lock((*entry)->mutex);
    const Status before = snapshot(**entry).info.status;
    if (before == Status::kPaused) {
      return snapshot(**entry);
    }
    if (before == Status::kSuccess || before == Status::kFailure) {
      return fail(ErrorCode::kConflict,
                  fmt::format("job id {} has ended: there is nothing to pause", id));
    }
    if (auto stopped = halt(**entry, kDrainTimeout); !stopped) {
      return fail(stopped.error());
    }
    return set_status(**entry, Status::kPaused);
  }

  Result<Job> resume(const std::string& id) {
    auto entry = find(id);
    if (!entry) {
      return fail(entry.error());
    }
    const std::lock_guard entry_lock((*entry)->mutex);
    const Status before = snapshot(**entry).info.status;
    if (before == Status::kSuccess) {
      return snapshot(**entry);
    }
    if (before == Status::kCreated || before == Status::kRunning) {
      return fail(ErrorCode::kConflict, fmt::format("job id {} is running already", id));
    }
    if (auto changed = set_status(**entry, Status::kRunning); !changed) {
      return fail(changed.error());
    }
    run(**entry);
    return snapshot(**entry);
  }

  Result<void> remove(const std::string& id) {
    auto entry = find(id);
    if (!entry) {
      return fail(entry.error());
    }
    const std::lock_guard entry_lock((*entry)->mutex);
    const bool was_running = (*entry)->current() && !(*entry)->current()->stopped();
    if (auto stopped = halt(**entry, std::chrono::milliseconds{0}); !stopped) {
      return stopped;
    }
    if (auto removed = (*entry)->keeper->remove(); !removed) {
      if (was_running) {
        run(**entry);  // it is still on record, so it goes on
      }
      return removed;
    }
    const std::lock_guard lock(mutex_);
    entries_.erase(id);
    return {};
  }

  // Stops every job, all at once, waiting at most `timeout` for what they hold to be written.
  void stop_all(std::chrono::milliseconds timeout) {
    const auto all = entries();
    for (const auto& entry : all) {
      if (const auto runner = entry->current()) {
        runner->request_stop(Stop::kDrain);
      }
    }
    const MonotonicTime deadline = Clock::system().monotonic() + timeout;
    for (const auto& entry : all) {
      const auto runner = entry->current();
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - Clock::system().monotonic());
      if (runner && !runner->wait_stopped(std::max(left, std::chrono::milliseconds{0}))) {
        runner->request_stop(Stop::kCancel);
        spdlog::warn(
            "job {} was stopped before all it held was written; it goes on from its "
            "checkpoint at the next start",
            entry->keeper->key());
      }
    }
  }

 private:
  static constexpr std::chrono::milliseconds kDrainTimeout{20'000};
  // Longer than one attempt at the object store can take.
  static constexpr std::chrono::milliseconds kCancelTimeout{60'000};

  struct Entry : std::enable_shared_from_this<Entry> {
    std::mutex mutex;  // held by the operation under way
    std::shared_ptr<RecordKeeper<Record>> keeper;

    [[nodiscard]] std::shared_ptr<Runner> current() const {
      const std::lock_guard lock(runner_mutex);
      return runner;
    }
    mutable std::mutex runner_mutex;
    std::shared_ptr<Runner> runner;
  };

  static Job snapshot(const Entry& entry) {
    const auto runner = entry.current();
    return runner ? runner->job() : entry.keeper->record().job;
  }

  void run(Entry& entry) {
    auto runner = std::make_shared<Runner>(environment_, entry.keeper);
    {
      const std::lock_guard lock(entry.runner_mutex);
      entry.runner = runner;
    }
    runner->wake();
  }

  // For a job that was asked to stop, couldn't in time, and so is to go on: once its runner has let
  // go.
  void revive_once_stopped(const std::shared_ptr<Entry>& entry) {
    const MonotonicTime soon = environment_.tasks.clock().monotonic() + std::chrono::seconds{1};
    environment_.tasks.post_at(soon, [this, entry] {
      const std::unique_lock lock(entry->mutex, std::try_to_lock);
      const auto runner = entry->current();
      if (!runner || !find(runner->job().info.id)) {
        return;
      }
      if (!lock || !runner->stopped()) {
        return revive_once_stopped(entry);
      }
      run(*entry);
    });
  }

  // Stops the job's runner. What isn't written after `drain` is dropped, to be read again later.
  Result<void> halt(Entry& entry, std::chrono::milliseconds drain) {
    const auto runner = entry.current();
    if (!runner) {
      return {};
    }
    if (drain.count() > 0) {
      runner->request_stop(Stop::kDrain);
    }
    if (!runner->wait_stopped(drain)) {
      runner->request_stop(Stop::kCancel);
      if (!runner->wait_stopped(kCancelTimeout)) {
        revive_once_stopped(entry.shared_from_this());
        return fail(ErrorCode::kUnavailable,
                    fmt::format("job {} hasn't stopped yet: a request to the object store hangs; "
                                "try again",
                                entry.keeper->key()));
      }
    }
    return {};
  }

  // For a job without a running runner.
  Result<Job> set_status(Entry& entry, Status status) {
    const Job last = snapshot(entry);
    if (last.info.status == Status::kSuccess ||
        (last.info.status == Status::kFailure && status == Status::kPaused)) {
      return fail(ErrorCode::kConflict,
                  fmt::format("job id {} ended meanwhile: {}", last.info.id,
                              last.info.last_error.empty() ? "done" : last.info.last_error));
    }
    auto changed = entry.keeper->update([&](Record& record) {
      record.job.info.status = status;
      record.job.info.updated = environment_.steps.clock().now();
      record.job.info.last_error.clear();
      record.job.info.last_error_since.reset();
    });
    if (!changed) {
      if (status == Status::kPaused) {
        run(entry);  // it couldn't be put on record that the job is paused, so it isn't
      }
      return fail(changed.error());
    }
    const std::lock_guard lock(entry.runner_mutex);
    entry.runner.reset();
    return entry.keeper->record().job;
  }

  Result<std::shared_ptr<Entry>> find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
      return fail(ErrorCode::kNotFound, fmt::format("job id {} not found", id));
    }
    return found->second;
  }

  std::vector<std::shared_ptr<Entry>> entries() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Entry>> all;
    for (const auto& [id, entry] : entries_) {
      all.push_back(entry);
    }
    return all;
  }

  void insert(const std::string& id, std::shared_ptr<Entry> entry) {
    const std::lock_guard lock(mutex_);
    entries_[id] = std::move(entry);
  }

  const JobEnvironment& environment_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace nats3::jobs
