// JobEntry: one job as it is on record, and its runner if it is this server's.
//
// Thread-safe. What is asked of a job waits for what is under way with it; claim(), release() and
// settle(), which are called again and again, come back later instead.
#pragma once

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "jobs/job_environment.h"
#include "jobs/job_runner.h"
#include "jobs/manager/new_record.h"
#include "jobs/manager/told_job.h"
#include "jobs/record_keeper.h"

namespace nats3::jobs {

// Whether a job is to be at work, on whichever server.
[[nodiscard]] inline bool is_wanted(Status status) {
  return status == Status::kCreated || status == Status::kRunning;
}

[[nodiscard]] inline Error job_not_found(const std::string& id) {
  return {ErrorCode::kNotFound, fmt::format("job id {} not found", id)};
}

template <typename Runner, typename Record>
class JobEntry : public std::enable_shared_from_this<JobEntry<Runner, Record>> {
 public:
  using Job = decltype(Record::job);

  // `revision` as RecordKeeper's. `environment` outlives the entry.
  JobEntry(const JobEnvironment& environment, Record record, std::uint64_t revision)
      : environment_(environment), keeper_(keeper_of(std::move(record), revision)) {}

  [[nodiscard]] Job snapshot() const {
    const auto runner = current();
    return runner ? runner->job() : as_told(environment_, record().job);
  }
  // Whether this server works at the job, or is about to let go of it.
  [[nodiscard]] bool running() const {
    const auto runner = current();
    return runner && !runner->stopped();
  }

  // Puts a new job on record; see new_record.h.
  Result<Made> put_on_record(std::chrono::milliseconds patience) {
    return put_new_record(*current_keeper(), patience);
  }

  // Has the job put on record how it is, for those who ask: see JobRunner.
  void tell(const std::string& asks) {
    if (const auto runner = current()) {
      runner->tell(asks);
    }
  }
  // Whether what is on record is the answer to `ask`.
  [[nodiscard]] bool has_told(const std::string& ask) const {
    if constexpr (requires(const Record& record) { record.told; }) {
      return record().told.find(ask) != std::string::npos;
    }
    return false;
  }

  // Begins to work at the job if it is wanted.
  void start() {
    const std::lock_guard lock(mutex_);
    run_if_wanted();
  }

  // The same, of a job that no living server holds.
  void claim() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock) {
      run_if_wanted();
    }
  }

  // Takes note of a record that came from the bucket.
  void apply(Record record, std::uint64_t revision) {
    const auto known = current_keeper();
    if (is_at_work(record) ||
        (revision == known->revision() && serialize(record) == serialize(known->record()))) {
      return;  // what this server wrote itself, even if it doesn't know yet that it arrived
    }
    if (revision > known->revision()) {
      return replace(keeper_of(std::move(record), revision));
    }
    doubtful_ = true;  // this server has written a later one, or the bucket has lost that
    static_cast<void>(read_again());
  }

  // Takes note that the record was removed.
  void forget() { replace(current_keeper(), "its record was removed"); }

  // Has the job write what it holds, to be left to another server by settle().
  void release() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    const auto runner = current();
    if (!lock || !runner) {
      return;
    }
    const MonotonicTime now = environment_.control.clock().monotonic();
    if (!releasing_) {
      releasing_ = now + kDrainTimeout;
    }
    runner->request_stop(now < *releasing_ ? Stop::kDrain : Stop::kCancel);
  }

  // Leaves the job to other servers, if it was released and has stopped, and reads the record, if
  // what is known of it may not be so.
  void settle() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock && releasing_ && !running()) {
      releasing_.reset();
      let_go();
    }
    if (lock) {
      static_cast<void>(catch_up());
    }
  }

  // Of a job that is this server's, or nobody's.
  Result<Job> pause() {
    const std::lock_guard lock(mutex_);
    if (auto known = catch_up(); !known) {
      return fail(known.error());
    }
    Job before = snapshot();
    switch (before.info.status) {
      case Status::kPaused:
        return before;
      case Status::kSuccess:
      case Status::kFailure:
        return fail(ErrorCode::kConflict,
                    fmt::format("job id {} has ended: there is nothing to pause", before.info.id));
      case Status::kCreated:
      case Status::kRunning:
        break;
    }
    if (auto stopped = halt(kDrainTimeout); !stopped) {
      return fail(stopped.error());
    }
    return set_status(Status::kPaused);
  }

  Result<Job> resume() {
    const std::lock_guard lock(mutex_);
    if (auto known = catch_up(); !known) {
      return fail(known.error());
    }
    Job before = snapshot();
    if (before.info.status == Status::kSuccess) {
      return before;
    }
    if (is_wanted(before.info.status)) {
      return fail(ErrorCode::kConflict,
                  fmt::format("job id {} is running already", before.info.id));
    }
    if (auto changed = set_status(Status::kRunning); !changed) {
      return fail(changed.error());
    }
    run();
    return snapshot();
  }

  // Takes the job off the record. It must be this server's, or nobody's.
  Result<void> remove() {
    const std::lock_guard lock(mutex_);
    if (auto known = catch_up(); !known) {
      return known;
    }
    const bool was_running = running();
    if (auto stopped = halt(std::chrono::milliseconds{0}); !stopped) {
      return stopped;
    }
    if (auto removed = current_keeper()->remove(); !removed) {
      if (was_running) {
        run();  // it is still on record, so it goes on
      }
      return removed;
    }
    removed_ = true;
    set_runner(nullptr);
    return {};
  }

  // Asks the runner to write what it holds and to stop.
  void request_stop() {
    if (const auto runner = current()) {
      runner->request_stop(Stop::kDrain);
    }
  }

  // Waits for that until `deadline`, drops what isn't written by then, and leaves the job to other
  // servers.
  void wait_stopped(MonotonicTime deadline) {
    const auto runner = current();
    if (!runner) {
      return;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - Clock::system().monotonic());
    if (runner->wait_stopped(std::max(left, std::chrono::milliseconds{0}))) {
      return let_go();
    }
    runner->request_stop(Stop::kCancel);
    spdlog::warn(
        "job {} was stopped before all it held was written; it goes on from its "
        "checkpoint at the next start",
        runner->job().info.id);
  }

 private:
  using Keeper = RecordKeeper<Record>;

  static constexpr std::chrono::milliseconds kDrainTimeout{20'000};
  // Longer than one attempt at the object store can take.
  static constexpr std::chrono::milliseconds kCancelTimeout{60'000};

  [[nodiscard]] std::shared_ptr<Keeper> keeper_of(Record record, std::uint64_t revision) const {
    return std::make_shared<Keeper>(environment_.kv, std::move(record), revision);
  }
  [[nodiscard]] std::shared_ptr<Keeper> current_keeper() const {
    const std::lock_guard lock(members_mutex_);
    return keeper_;
  }
  [[nodiscard]] Record record() const { return current_keeper()->record(); }
  [[nodiscard]] std::shared_ptr<Runner> current() const {
    const std::lock_guard lock(members_mutex_);
    return runner_;
  }
  void set_runner(std::shared_ptr<Runner> runner) {
    const std::lock_guard lock(members_mutex_);
    runner_ = std::move(runner);
  }

  // Whether `record`, which came from the bucket, is of what this server does.
  [[nodiscard]] bool is_at_work(const Record& record) const {
    return running() && record.job.info.server == environment_.server;
  }

  // Takes the record that somebody else wrote. A runner that is still at work has lost the job.
  void replace(std::shared_ptr<Keeper> by, std::string_view why) {
    std::shared_ptr<Runner> lost;
    {
      const std::lock_guard lock(members_mutex_);
      lost = std::exchange(runner_, nullptr);
      keeper_ = std::move(by);
    }
    if (lost && !lost->stopped()) {
      const auto job = lost->job();
      spdlog::warn("job {} '{}' ends here: {}", job.info.id, job.spec.name, why);
      lost->request_stop(Stop::kCancel);
      Runner::let_stop(std::move(lost));
    }
  }
  void replace(std::shared_ptr<Keeper> by) {
    const JobInfo info = by->record().job.info;
    const bool other = !info.server.empty() && info.server != environment_.server;
    const bool ended = info.status == Status::kSuccess || info.status == Status::kFailure;
    replace(std::move(by), other   ? "another server has taken this job over"
                           : ended ? "it has ended on another server"
                                   : "its record was changed");
  }

  // Reads the record. Errors: those of RecordKeeper::read_again.
  Result<void> read_again() {
    const auto known = current_keeper();
    const std::uint64_t revision = known->revision();
    return known->read_again(environment_.server).map([&](std::shared_ptr<Keeper> there) {
      if (known == current_keeper() && known->revision() == revision &&
          !is_at_work(there->record())) {
        replace(std::move(there));
      }
      doubtful_ = false;
    });
  }

  // Before anything is done with the job: reads the record, if what is known of it may not be so.
  // Errors: kNotFound; kConflict: another server has the job; as read_again().
  Result<void> catch_up() {
    if (removed_) {
      return fail(job_not_found(record().job.info.id));
    }
    if (running() || !(doubtful_ || current_keeper()->lost())) {
      return {};
    }
    return read_again().and_then(
        [&] { return check_not_elsewhere(record().job.info, environment_.server); });
  }

  void run() {
    releasing_.reset();
    auto runner = std::make_shared<Runner>(environment_, current_keeper());
    set_runner(runner);
    runner->wake();
  }

  void run_if_wanted() {
    if (!running() && catch_up() && is_wanted(record().job.info.status)) {
      run();
    }
  }

  // Stops the runner. What isn't written after `drain` is dropped, to be read again later.
  Result<void> halt(std::chrono::milliseconds drain) {
    const auto runner = current();
    if (!runner) {
      return {};
    }
    if (drain.count() > 0) {
      runner->request_stop(Stop::kDrain);
    }
    if (runner->wait_stopped(drain)) {
      return {};
    }
    runner->request_stop(Stop::kCancel);
    if (runner->wait_stopped(kCancelTimeout)) {
      return {};
    }
    revive_once_stopped(runner);
    return fail(ErrorCode::kUnavailable,
                fmt::format("job {} is still waiting for the object store and goes on; try again",
                            runner->job().info.id));
  }

  // For a job that was asked to stop, couldn't in time, and so is to go on: once `runner` has let
  // go, unless the job has ended, or was removed or taken over meanwhile.
  void revive_once_stopped(std::shared_ptr<Runner> runner) {
    const MonotonicTime soon = environment_.control.clock().monotonic() + std::chrono::seconds{1};
    environment_.control.post_at(
        soon, [self = this->shared_from_this(), runner = std::move(runner)]() mutable {
          const std::unique_lock lock(self->mutex_, std::try_to_lock);
          if (self->current() != runner) {
            return;
          }
          if (!lock || !runner->stopped()) {
            return self->revive_once_stopped(std::move(runner));
          }
          self->run_if_wanted();
        });
  }

  // Says on record that nobody holds the job. Best effort: a lease that ends says it too.
  void let_go() {
    const auto keeper = current_keeper();
    if (keeper->record().job.info.server == environment_.server) {
      static_cast<void>(keeper->update([](Record& record) { record.job.info.server.clear(); }));
    }
    set_runner(nullptr);
  }

  // For a job without a running runner.
  Result<Job> set_status(Status status) {
    const Job last = snapshot();
    if (last.info.status == Status::kSuccess ||
        (last.info.status == Status::kFailure && status == Status::kPaused)) {
      return fail(ErrorCode::kConflict,
                  fmt::format("job id {} ended meanwhile: {}", last.info.id,
                              last.info.last_error.empty() ? "done" : last.info.last_error));
    }
    auto changed = current_keeper()->update([&](Record& record) {
      record.job.info.status = status;
      record.job.info.server = is_wanted(status) ? environment_.server : std::string();
      record.job.info.updated = environment_.steps.clock().now();
      record.job.info.last_error.clear();
      record.job.info.last_error_since.reset();
    });
    if (!changed) {
      if (status == Status::kPaused && current()) {
        run();  // it couldn't be put on record that the job is paused, so it isn't
      }
      return fail(changed.error());
    }
    set_runner(nullptr);
    return snapshot();
  }

  const JobEnvironment& environment_;
  std::mutex mutex_;                        // held by the operation under way
  bool removed_ = false;                    // for those that waited for remove()
  std::atomic<bool> doubtful_ = false;      // the record is to be read
  std::optional<MonotonicTime> releasing_;  // until when it may write what it holds

  mutable std::mutex members_mutex_;
  std::shared_ptr<Keeper> keeper_;
  std::shared_ptr<Runner> runner_;
};

}  // namespace nats3::jobs
