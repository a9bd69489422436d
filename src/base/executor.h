// Executor: runs tasks now or later. Jobs are state machines that are stepped on shared executors,
// so a thousand idle jobs cost timers and not threads.
//
// ThreadPool is the real one; ManualExecutor runs tasks on the calling thread in virtual time,
// which makes tests of jobs deterministic. Tasks must not throw.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace nats3 {

class Executor {
 public:
  using Task = std::function<void()>;

  virtual ~Executor() = default;
  // Runs `task` as soon as a thread is free. Thread-safe; may be called from a task.
  virtual void post(Task task) = 0;
  // Runs `task` at `when` or soon after. Thread-safe.
  virtual void post_at(MonotonicTime when, Task task) = 0;
  [[nodiscard]] virtual const Clock& clock() const = 0;
};

// A fixed number of threads and one timer queue.
class ThreadPool final : public Executor {
 public:
  ThreadPool(std::string name, int threads);
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void post(Task task) override;
  void post_at(MonotonicTime when, Task task) override;
  [[nodiscard]] const Clock& clock() const override { return Clock::system(); }

  // Waits for the tasks that are running, and drops those that haven't begun and those still to
  // come. Not from a task. The destructor does it too.
  void stop();

 private:
  void run();
  void wake_one();

  std::mutex mutex_;
  std::condition_variable wake_;  // of the threads that wait for a task
  std::size_t waiting_ = 0;
  // One idle thread waits for the next time, so that not all of them wake up at each.
  std::condition_variable timer_;
  bool timer_watched_ = false;
  std::deque<Task> ready_;
  std::multimap<MonotonicTime, Task> later_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Runs tasks when told to, on the caller's thread, against a clock that moves only here.
// post() and post_at() are thread-safe; run_ready() and advance() belong to one thread.
class ManualExecutor final : public Executor {
 public:
  void post(Task task) override;
  void post_at(MonotonicTime when, Task task) override;
  [[nodiscard]] const Clock& clock() const override { return clock_; }

  // Runs tasks until none is ready. Returns how many ran.
  std::size_t run_ready();
  // Moves the clock on by `by`, running each task at its time.
  void advance(std::chrono::nanoseconds by);

 private:
  ManualClock clock_;
  std::mutex mutex_;
  std::multimap<MonotonicTime, Task> tasks_;
};

}  // namespace nats3
