// JobTable: the jobs of one kind, as they are on record, and the runners of those that are this
// server's.
//
// A job is this server's while its runner is at work; that it may be is said by the job's record,
// whose holder the runner sets when it begins. What other servers do with the others arrives by
// apply().
//
// Thread-safe. Operations on one job wait for each other; those on different jobs don't.
#pragma once

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "jobs/job_environment.h"
#include "jobs/job_runner.h"
#include "jobs/record_keeper.h"

namespace nats3::jobs {

// Whether a job is to be at work, on whichever server.
[[nodiscard]] inline bool is_wanted(Status status) {
  return status == Status::kCreated || status == Status::kRunning;
}

template <typename Runner, typename Record>
class JobTable {
 public:
  using Job = decltype(Record::job);
  static constexpr JobKind kKind = Record::kKind;

  explicit JobTable(const JobEnvironment& environment) : environment_(environment) {}

  // Puts a new job on record and starts it, unless it is paused. Returns it as it was before its
  // first step.
  Result<Job> add(Record record) {
    auto entry = std::make_shared<Entry>();
    if (is_wanted(record.job.info.status)) {
      record.job.info.server = environment_.server;
    }
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
    if (is_wanted(record.job.info.status)) {
      run(*entry);
    }
    return record.job;
  }

  // Takes note of a record that came from the bucket.
  void apply(Record record, std::uint64_t revision) {
    const std::string id = record.job.info.id;
    auto entry = find(id);
    if (!entry) {
      auto added = std::make_shared<Entry>();
      added->keeper =
          std::make_shared<RecordKeeper<Record>>(environment_.kv, std::move(record), revision);
      insert(id, std::move(added));
      return;
    }
    if (revision <= (*entry)->current_keeper()->revision() ||
        ((*entry)->running() && record.job.info.server == environment_.server)) {
      return;  // what this server wrote itself, even if it doesn't know yet that it arrived
    }
    (*entry)->replace(
        std::make_shared<RecordKeeper<Record>>(environment_.kv, std::move(record), revision));
  }

  // Takes note that a record was removed.
  void forget(const std::string& id) {
    if (const auto entry = find(id)) {
      (*entry)->replace((*entry)->current_keeper());
      const std::lock_guard lock(mutex_);
      entries_.erase(id);
    }
  }

  Result<Job> get(const std::string& id) const {
    return find(id).map([](const auto& entry) { return entry->snapshot(); });
  }

  // Newest first.
  std::vector<Job> list() const {
    std::vector<Job> jobs;
    for (const auto& entry : entries()) {
      jobs.push_back(entry->snapshot());
    }
    std::ranges::sort(jobs, std::greater<>{},
                      [](const Job& job) { return std::pair(job.info.created, job.info.id); });
    return jobs;
  }

  // Whether this server works at the job, or is about to let go of it.
  bool is_ours(const std::string& id) const {
    const auto entry = find(id);
    return entry && (*entry)->running();
  }

  // Begins to work at a job that is wanted and that no living server holds.
  void claim(const std::string& id) {
    const auto entry = find(id);
    if (!entry) {
      return;
    }
    const std::unique_lock entry_lock((*entry)->mutex, std::try_to_lock);
    if (entry_lock && is_wanted((*entry)->record().job.info.status) && !(*entry)->running()) {
      run(**entry);
    }
  }

  // Has the job write what it holds, to be left to another server by let_go_of_stopped().
  void release(const std::string& id) {
    const auto entry = find(id);
    if (!entry) {
      return;
    }
    const std::unique_lock entry_lock((*entry)->mutex, std::try_to_lock);
    const auto runner = (*entry)->current();
    if (!entry_lock || !runner) {
      return;
    }
    const MonotonicTime now = environment_.control.clock().monotonic();
    if (!(*entry)->releasing) {
      (*entry)->releasing = now + kDrainTimeout;
    }
    runner->request_stop(now < *(*entry)->releasing ? Stop::kDrain : Stop::kCancel);
  }

  // Leaves the jobs that were released, and have stopped, to other servers.
  void let_go_of_stopped() {
    for (const auto& entry : entries()) {
      const std::unique_lock entry_lock(entry->mutex, std::try_to_lock);
      if (entry_lock && entry->releasing && !entry->running()) {
        entry->releasing.reset();
        let_go(*entry);
      }
    }
  }

  // The job must be this server's, or nobody's.
  Result<Job> pause(const std::string& id) {
    auto entry = find(id);
    if (!entry) {
      return fail(entry.error());
    }
    const std::lock_guard entry_lock((*entry)->mutex);
    const Status before = (*entry)->snapshot().info.status;
    if (before == Status::kPaused) {
      return (*entry)->snapshot();
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
    const Status before = (*entry)->snapshot().info.status;
    if (before == Status::kSuccess) {
      return (*entry)->snapshot();
    }
    if (is_wanted(before)) {
      return fail(ErrorCode::kConflict, fmt::format("job id {} is running already", id));
    }
    if (auto changed = set_status(**entry, Status::kRunning); !changed) {
      return fail(changed.error());
    }
    run(**entry);
    return (*entry)->snapshot();
  }

  // The job must be this server's, or nobody's.
  Result<void> remove(const std::string& id) {
    auto entry = find(id);
    if (!entry) {
      return fail(entry.error());
    }
    const std::lock_guard entry_lock((*entry)->mutex);
    const bool was_running = (*entry)->running();
    if (auto stopped = halt(**entry, std::chrono::milliseconds{0}); !stopped) {
      return stopped;
    }
    if (auto removed = (*entry)->current_keeper()->remove(); !removed) {
      if (was_running) {
        run(**entry);  // it is still on record, so it goes on
      }
      return removed;
    }
    const std::lock_guard lock(mutex_);
    entries_.erase(id);
    return {};
  }

  // Asks every runner to write what it holds and to stop.
  void request_stop() {
    for (const auto& entry : entries()) {
      if (const auto runner = entry->current()) {
        runner->request_stop(Stop::kDrain);
      }
    }
  }

  // Waits for them until `deadline`, drops what isn't written by then, and leaves the jobs to other
  // servers.
  void wait_stopped(MonotonicTime deadline) {
    for (const auto& entry : entries()) {
      const auto runner = entry->current();
      if (!runner) {
        continue;
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - Clock::system().monotonic());
      if (runner->wait_stopped(std::max(left, std::chrono::milliseconds{0}))) {
        let_go(*entry);
      } else {
        runner->request_stop(Stop::kCancel);
        spdlog::warn(
            "job {} was stopped before all it held was written; it goes on from its "
            "checkpoint at the next start",
            runner->job().info.id);
      }
    }
  }

 private:
  using Keeper = RecordKeeper<Record>;

  static constexpr std::chrono::milliseconds kDrainTimeout{20'000};
  // Longer than one attempt at the object store can take.
  static constexpr std::chrono::milliseconds kCancelTimeout{60'000};

  class Entry : public std::enable_shared_from_this<Entry> {
   public:
    std::mutex mutex;  // held by the operation under way
    std::shared_ptr<Keeper> keeper;
    std::optional<MonotonicTime> releasing;  // until when it may write what it holds

    [[nodiscard]] std::shared_ptr<Keeper> current_keeper() const {
      const std::lock_guard lock(members_mutex_);
      return keeper;
    }
    [[nodiscard]] Record record() const { return current_keeper()->record(); }
    [[nodiscard]] std::shared_ptr<Runner> current() const {
      const std::lock_guard lock(members_mutex_);
      return runner_;
    }
    [[nodiscard]] bool running() const {
      const auto runner = current();
      return runner && !runner->stopped();
    }
    [[nodiscard]] Job snapshot() const {
      const auto runner = current();
      return runner ? runner->job() : record().job;
    }
    void set_runner(std::shared_ptr<Runner> runner) {
      const std::lock_guard lock(members_mutex_);
      runner_ = std::move(runner);
    }
    // Takes the record another server wrote. A runner that is still at work has lost the job.
    void replace(std::shared_ptr<Keeper> by) {
      std::shared_ptr<Runner> lost;
      {
        const std::lock_guard lock(members_mutex_);
        lost = std::exchange(runner_, nullptr);
        keeper = std::move(by);
      }
      if (lost && !lost->stopped()) {
        const auto job = lost->job();
        spdlog::warn("job {} '{}' ends here: another server has taken this job over", job.info.id,
                     job.spec.name);
        lost->request_stop(Stop::kCancel);
        Runner::let_stop(std::move(lost));
      }
    }

   private:
    mutable std::mutex members_mutex_;
    std::shared_ptr<Runner> runner_;
  };

  void run(Entry& entry) {
    entry.releasing.reset();
    auto runner = std::make_shared<Runner>(environment_, entry.current_keeper());
    entry.set_runner(runner);
    runner->wake();
  }

  // For a job that was asked to stop, couldn't in time, and so is to go on: once its runner has let
  // go.
  void revive_once_stopped(const std::shared_ptr<Entry>& entry) {
    const MonotonicTime soon = environment_.control.clock().monotonic() + std::chrono::seconds{1};
    environment_.control.post_at(soon, [this, entry] {
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
                    fmt::format("job {} is still waiting for the object store and goes on; try "
                                "again",
                                runner->job().info.id));
      }
    }
    return {};
  }

  // Says on record that nobody holds the job. Best effort: a lease that ends says it too.
  void let_go(Entry& entry) {
    const auto keeper = entry.current_keeper();
    if (keeper->record().job.info.server == environment_.server) {
      static_cast<void>(keeper->update([](Record& record) { record.job.info.server.clear(); }));
    }
    entry.set_runner(nullptr);
  }

  // For a job without a running runner.
  Result<Job> set_status(Entry& entry, Status status) {
    const Job last = entry.snapshot();
    if (last.info.status == Status::kSuccess ||
        (last.info.status == Status::kFailure && status == Status::kPaused)) {
      return fail(ErrorCode::kConflict,
                  fmt::format("job id {} ended meanwhile: {}", last.info.id,
                              last.info.last_error.empty() ? "done" : last.info.last_error));
    }
    auto changed = entry.current_keeper()->update([&](Record& record) {
      record.job.info.status = status;
      record.job.info.server = is_wanted(status) ? environment_.server : std::string();
      record.job.info.updated = environment_.steps.clock().now();
      record.job.info.last_error.clear();
      record.job.info.last_error_since.reset();
    });
    if (!changed) {
      if (status == Status::kPaused && entry.current()) {
        run(entry);  // it couldn't be put on record that the job is paused, so it isn't
      }
      return fail(changed.error());
    }
    entry.set_runner(nullptr);
    return entry.record().job;
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
