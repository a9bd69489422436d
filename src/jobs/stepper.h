// Stepper: a state machine that is stepped on a shared executor whenever something has happened or
// a time it asked for has come. Steps of one Stepper never overlap; between steps it holds no
// thread.
//
// Threads: wake() from any. step() runs on the executor, one at a time, and must not wait for
// messages or uploads (a request to NATS or a listing is short enough).
// Ownership: held by shared_ptr; a scheduled step keeps it alive, a timer does not.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "base/executor.h"

namespace nats3::jobs {

class Stepper : public std::enable_shared_from_this<Stepper> {
 public:
  explicit Stepper(Executor& executor) : executor_(executor) {}
  virtual ~Stepper() = default;
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  // Has step() run soon; any number of calls before it begins make one step.
  void wake();

 protected:
  // Does what can be done now. Returns when to be stepped again at the latest, if at all.
  virtual std::optional<MonotonicTime> step() = 0;

  // A function that calls wake(), and does nothing once this is gone: for others to keep.
  [[nodiscard]] std::function<void()> waker();

  [[nodiscard]] Executor& executor() { return executor_; }
  [[nodiscard]] const Clock& clock() const { return executor_.clock(); }

 private:
  enum class State { kIdle, kScheduled, kRunning, kRunningAndWoken };

  // True: run() is to follow.
  bool schedule();
  void run();
  void wake_at(MonotonicTime when);

  Executor& executor_;
  std::mutex mutex_;
  State state_ = State::kIdle;
  std::set<MonotonicTime> timers_;  // that are under way
};

}  // namespace nats3::jobs
