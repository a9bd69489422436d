#include "jobs/job_runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string>
#include <type_traits>
#include <utility>

#include "base/digest.h"
#include "jobs/job_words.h"

namespace nats3::jobs {
namespace {

// How long a session goes well before the trouble that ended the one before is over.
constexpr std::chrono::milliseconds kHealthyAfter{1'000};
constexpr std::chrono::milliseconds kReportInterval{2'000};

// Whether somebody may mend it without touching the job, which then goes on by itself: what is away
// comes back, and keys and permissions are put right.
bool may_heal(const Error& error) {
  return error.action() == Action::kRetry || error.code == ErrorCode::kDenied;
}

}  // namespace

template <typename Record>
JobRunner<Record>::JobRunner(const JobEnvironment& environment,
                             std::shared_ptr<RecordKeeper<Record>> keeper)
    : Stepper(environment.steps),
      environment_(environment),
      keeper_(std::move(keeper)),
      definition_(keeper_->record().job),
      // From the id: jobs differ from each other, and a simulation can be repeated.
      backoff_({}, static_cast<std::uint32_t>(xxh3_64(definition_.info.id))),
      progress_(without_lag(definition_.progress)) {}

template <typename Record>
void JobRunner<Record>::request_stop(Stop how) {
  {
    const std::lock_guard lock(mutex_);
    if (!stop_ || how == Stop::kCancel) {
      stop_ = how;
    }
  }
  wake();
}

template <typename Record>
void JobRunner<Record>::tell(const std::string& asks) {
  {
    const std::lock_guard lock(mutex_);
    asks_ = asks;
  }
  wake();
}

template <typename Record>
std::string JobRunner<Record>::take_asks() {
  const std::lock_guard lock(mutex_);
  return std::exchange(asks_, {});
}

template <typename Record>
bool JobRunner<Record>::wait_stopped(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return stopped_changed_.wait_for(lock, timeout, [&] { return stopped_; });
}

template <typename Record>
bool JobRunner<Record>::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

template <typename Record>
typename JobRunner<Record>::Job JobRunner<Record>::job() const {
  Job job = keeper_->record().job;
  const std::lock_guard lock(mutex_);
  job.progress = progress_;
  job.progress.rate = stopped_ ? 0 : rate_.per_second(clock().monotonic());
  job.info.last_error = trouble_;
  job.info.last_error_since = trouble_.empty() ? std::nullopt : trouble_since_;
  if (ended_as_) {
    job.info.status = *ended_as_;
  }
  return job;
}

template <typename Record>
void JobRunner<Record>::let_stop(std::shared_ptr<JobRunner> runner) {
  Executor& control = runner->environment_.control;
  control.post_at(control.clock().monotonic() + std::chrono::milliseconds{500},
                  [runner = std::move(runner)]() mutable {
                    if (!runner->stopped()) {
                      runner->wake();
                      let_stop(std::move(runner));
                    }
                  });
}

template <typename Record>
void JobRunner<Record>::set_progress(const Progress& progress) {
  const std::lock_guard lock(mutex_);
  progress_ = progress;
  rate_.observe(clock().monotonic(), progress.messages);
}

template <typename Record>
void JobRunner<Record>::set_trouble(const std::optional<Error>& error) {
  const std::string text = error ? error->message : "";
  {
    const std::lock_guard lock(mutex_);
    if (text == trouble_) {
      return;
    }
    trouble_since_ = error && trouble_.empty() ? clock().now() : trouble_since_;
    trouble_ = text;
  }
  if (error) {
    spdlog::warn("job {} '{}' waits: {}", definition_.info.id, definition_.spec.name, text);
  } else {
    spdlog::info("job {} '{}' goes on", definition_.info.id, definition_.spec.name);
  }
}

template <typename Record>
std::optional<MonotonicTime> JobRunner<Record>::step() {
  std::optional<Stop> stop;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      return std::nullopt;
    }
    stop = stop_;
  }
  if (stop == Stop::kCancel) {
    leave_session();
    if (idle()) {
      mark_stopped();
    }
    return std::nullopt;  // a task that ends wakes this again
  }
  if (retry_at_ && clock().monotonic() < *retry_at_) {
    return retry_at_;
  }
  retry_at_.reset();
  if (ending_) {
    return end();
  }
  return run_session();
}

template <typename Record>
std::optional<MonotonicTime> JobRunner<Record>::run_session() {
  bool draining = false;
  {
    const std::lock_guard lock(mutex_);
    draining = stop_.has_value();
  }
  if (!in_session_) {
    if (!idle()) {
      return std::nullopt;
    }
    if (draining) {  // nothing is held between sessions
      mark_stopped();
      return std::nullopt;
    }
    auto ready = check_lease()
                     .and_then([&] { return begin(); })
                     .and_then([&] { return keeper_->settle(); })
                     .and_then([&] { return prepare(); });
    if (!ready) {
      return on_error(ready.error());
    }
    in_session_ = true;
    session_began_ = clock().monotonic();
  }
  const std::string asks = take_asks();
  const Result<Next> next = check_lease().and_then([&] { return draining ? drain() : advance(); });
  if (!next) {
    return on_error(next.error());
  }
  if (auto reported = report(asks); !reported) {
    return on_error(reported.error());
  }
  // A session that fails at once isn't the end of the trouble.
  if (backoff_.failures() > 0 && clock().monotonic() >= session_began_ + kHealthyAfter &&
      healthy()) {
    backoff_.reset();
    set_trouble(std::nullopt);
  }
  if (!next->finished) {
    return next->wake;
  }
  leave_session();
  if (draining) {
    mark_stopped();
    return std::nullopt;
  }
  ending_ = Ending{Status::kSuccess, ""};
  return end();
}

template <typename Record>
Result<void> JobRunner<Record>::begin() {
  if (begun_) {
    return {};
  }
  auto fenced = keeper_->update([&](Record& record) {
    record.fence += 1;
    record.job.info.server = environment_.server;
    record.job.info.status = Status::kRunning;
    record.job.info.updated = clock().now();
    record.job.info.last_error.clear();
    record.job.info.last_error_since.reset();
    record.job.progress = without_lag(record.job.progress);
  });
  if (fenced) {
    begun_ = true;
    environment_.metrics.of(Record::kKind).current += 1;
    spdlog::info("job {} '{}' runs: it {}", definition_.info.id, definition_.spec.name,
                 what_it_does(definition_.spec));
  }
  return fenced;
}

template <typename Record>
Result<void> JobRunner<Record>::check_lease() const {
  if (!environment_.lease.held()) {
    const std::string why = environment_.lease.trouble();
    return fail(ErrorCode::kUnavailable,
                fmt::format("this server can't renew its lease in NATS, so it stops before another "
                            "one may take the job over{}{}",
                            why.empty() ? "" : ": ", why));
  }
  return {};
}

// Puts on record what other servers are to tell of the job, when it has changed, or when they ask:
// `asks`, taken before the job was looked at, then says so.
template <typename Record>
Result<void> JobRunner<Record>::report(const std::string& asks) {
  const MonotonicTime now = clock().monotonic();
  if (asks.empty() && now < next_report_) {
    return {};
  }
  next_report_ = now + kReportInterval;
  const Job current = job();
  const Job recorded = keeper_->record().job;
  if (asks.empty() && recorded.progress == current.progress &&
      recorded.info.last_error == current.info.last_error) {
    return {};
  }
  return keeper_->update([&](Record& record) {
    put_state(record);
    record.job.progress.rate = current.progress.rate;
    record.job.info.last_error = current.info.last_error;
    record.job.info.last_error_since = current.info.last_error_since;
    if constexpr (requires { record.told; }) {
      record.told = asks.empty() ? record.told : asks;
    }
  });
}

// The same of a job that waits: that it does, and that its lag isn't known. Best effort: what keeps
// the job from going on may be NATS.
template <typename Record>
void JobRunner<Record>::report_waiting() {
  if (!begun_ || !environment_.lease.held() || !environment_.broker.status()) {
    return;
  }
  const Job current = job();
  const Job recorded = keeper_->record().job;
  if (recorded.info.last_error == current.info.last_error &&
      recorded.progress == without_lag(recorded.progress)) {
    return;
  }
  static_cast<void>(keeper_->update([&](Record& record) {
    record.job.progress = without_lag(record.job.progress);
    record.job.info.last_error = current.info.last_error;
    record.job.info.last_error_since = current.info.last_error_since;
  }));
}

// What is held is dropped, and nobody looks at the stream any more.
template <typename Record>
void JobRunner<Record>::leave_session() {
  close_session();
  in_session_ = false;
  const std::lock_guard lock(mutex_);
  progress_ = without_lag(progress_);
}

template <typename Record>
std::optional<MonotonicTime> JobRunner<Record>::on_error(const Error& error) {
  if (in_session_ && !may_heal(error) && error.action() != Action::kCancelled) {
    // What is told of the job at its end, and where it goes on after, belong together.
    static_cast<void>(keeper_->update([&](Record& record) { put_state(record); }));
  }
  leave_session();
  if (error.action() == Action::kCancelled) {
    return std::nullopt;
  }
  if (may_heal(error)) {
    set_trouble(error);
    report_waiting();
    environment_.metrics.retries += 1;
    retry_at_ = clock().monotonic() + backoff_.next();
    return retry_at_;
  }
  if (keeper_->lost()) {
    return stop_as_lost(error);
  }
  ending_ = Ending{Status::kFailure, error.message};
  return end();
}

// Whoever reads the record then finds out whose the job is.
template <typename Record>
std::optional<MonotonicTime> JobRunner<Record>::stop_as_lost(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    ended_as_.reset();  // that isn't on record
  }
  set_trouble(Error{error.code, "somebody else has changed this job's record: " + error.message});
  mark_stopped();
  return std::nullopt;
}

template <typename Record>
std::optional<MonotonicTime> JobRunner<Record>::end() {
  if (!idle()) {
    return std::nullopt;
  }
  {
    const std::lock_guard lock(mutex_);
    ended_as_ = ending_->status;
    trouble_ = ending_->error;
    trouble_since_ = clock().now();
  }
  auto recorded = keeper_->update([&](Record& record) {
    record.job.info.status = ending_->status;
    record.job.info.server.clear();
    record.job.info.updated = clock().now();
    record.job.info.last_error = ending_->error;
    record.job.info.last_error_since = clock().now();
    if (ending_->error.empty()) {
      record.job.info.last_error_since.reset();
    }
    const std::lock_guard lock(mutex_);
    if (ending_->status == Status::kSuccess) {
      record.job.progress = progress_;
    }
    record.job.progress.rate = 0;
    progress_ = without_lag(record.job.progress);
    record.job.progress = progress_;
  });
  if (!recorded && may_heal(recorded.error())) {
    retry_at_ = clock().monotonic() + backoff_.next();
    return retry_at_;
  }
  if (!recorded && keeper_->lost()) {
    return stop_as_lost(recorded.error());
  }
  const bool success = ending_->status == Status::kSuccess;
  auto& counts = environment_.metrics.of(Record::kKind);
  (success ? counts.completed : counts.failed) += 1;
  if (success) {
    spdlog::info("job {} '{}' is done: {}", definition_.info.id, definition_.spec.name,
                 what_was_done(job().progress));
  } else {
    spdlog::error("job {} '{}' failed: {}", definition_.info.id, definition_.spec.name,
                  ending_->error);
  }
  mark_stopped();
  return std::nullopt;
}

template <typename Record>
void JobRunner<Record>::mark_stopped() {
  if (begun_) {
    begun_ = false;
    environment_.metrics.of(Record::kKind).current -= 1;
  }
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  stopped_changed_.notify_all();
}

template class JobRunner<StoreRecord>;
template class JobRunner<LoadRecord>;
template class JobRunner<VerifyRecord>;

}  // namespace nats3::jobs
