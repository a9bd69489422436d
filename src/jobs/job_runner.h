// JobRunner: what all jobs have in common: beginning (the fence), going on after
// transient trouble with a growing pause, stopping on request, and ending with a status that is on
// record. It works only while this server's lease is held, and puts on record how it goes, for
// those who ask another server.
//
// A derived class works in sessions. prepare() opens one from the record; advance() is called as
// often as something happens; after an error that can heal, close_session() lets go of it, and once
// the tasks it has under way are done (idle()), the next prepare() starts from the record again.
//
// Threads: the public functions from any; the protected ones run within steps, one at a time.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>

#include "base/backoff.h"
#include "base/rate_meter.h"
#include "jobs/job_environment.h"
#include "jobs/record_keeper.h"
#include "jobs/stepper.h"

namespace nats3::jobs {

// `progress` where nobody looks at the stream: what is left in it isn't known.
template <typename Progress>
[[nodiscard]] Progress without_lag(Progress progress) {
  if constexpr (std::is_same_v<Progress, StoreProgress>) {
    progress.lag.reset();
    progress.oldest_unarchived.reset();
  }
  return progress;
}

enum class Stop {
  kDrain,   // write what is held first
  kCancel,  // drop what is held: it isn't acknowledged, so it comes again
};

template <typename Record>
class JobRunner : public Stepper {
 public:
  using Job = decltype(Record::job);
  using Progress = decltype(Job::progress);

  JobRunner(const JobEnvironment& environment, std::shared_ptr<RecordKeeper<Record>> keeper);
  ~JobRunner() override = default;

  // Asks the job to stop, without ending it: its record keeps the status. A cancel overrides an
  // earlier drain.
  void request_stop(Stop how);
  // Waits until the job has stopped or ended, at most until `timeout` from now. Returns whether.
  bool wait_stopped(std::chrono::milliseconds timeout);
  [[nodiscard]] bool stopped() const;

  // Keeps a runner that was asked to stop, and that nobody else keeps, until it has.
  static void let_stop(std::shared_ptr<JobRunner> runner);

  // The job as it is right now.
  [[nodiscard]] Job job() const;

  // Asks the job to put on record how it is after this call, with `asks`, which came for it from
  // other servers. It does so once it is at work.
  void tell(const std::string& asks);

 protected:
  // What a step of work came to.
  struct Next {
    std::optional<MonotonicTime> wake;  // step again then at the latest
    bool finished = false;              // the work is done: end in Success
  };

  // Opens a session. Called when idle() only.
  virtual Result<void> prepare() = 0;
  virtual Result<Next> advance() = 0;
  // As advance(), but takes on nothing new; finished: nothing is held any more.
  virtual Result<Next> drain() = 0;
  // Brings the record up to date with the session: what goes on after a crash and what is told.
  virtual void put_state(Record& record) = 0;
  virtual void close_session() = 0;
  // Whether what ended the session before is over, as far as a session that goes on can tell.
  [[nodiscard]] virtual bool healthy() const { return true; }
  // Whether no task of this job is under way on another thread.
  [[nodiscard]] virtual bool idle() const = 0;

  [[nodiscard]] const JobEnvironment& environment() const { return environment_; }
  [[nodiscard]] RecordKeeper<Record>& keeper() { return *keeper_; }
  [[nodiscard]] const Job& definition() const { return definition_; }

  void set_progress(const Progress& progress);
  // Trouble that the session itself rides out; nullopt: it is over.
  void set_trouble(const std::optional<Error>& error);

 private:
  struct Ending {
    Status status;
    std::string error;
  };

  std::optional<MonotonicTime> step() final;
  std::optional<MonotonicTime> run_session();
  std::optional<MonotonicTime> on_error(const Error& error);
  std::optional<MonotonicTime> end();
  std::optional<MonotonicTime> stop_as_lost(const Error& error);
  Result<void> begin();
  Result<void> check_lease() const;
  Result<void> report(const std::string& asks);
  void report_waiting();
  void leave_session();
  [[nodiscard]] std::string take_asks();
  void mark_stopped();

  const JobEnvironment& environment_;
  std::shared_ptr<RecordKeeper<Record>> keeper_;
  const Job definition_;
  Backoff backoff_;

  // Within steps only.
  bool begun_ = false;
  bool in_session_ = false;
  MonotonicTime session_began_;
  MonotonicTime next_report_;
  std::optional<MonotonicTime> retry_at_;
  std::optional<Ending> ending_;

  mutable std::mutex mutex_;
  std::condition_variable stopped_changed_;
  std::optional<Stop> stop_;
  std::string asks_;  // to tell how the job is; "": none
  bool stopped_ = false;
  Progress progress_;
  RateMeter rate_;  // of progress_.messages
  std::string trouble_;
  std::optional<Timestamp> trouble_since_;
  std::optional<Status> ended_as_;
};

extern template class JobRunner<StoreRecord>;
extern template class JobRunner<LoadRecord>;
extern template class JobRunner<VerifyRecord>;

}  // namespace nats3::jobs
