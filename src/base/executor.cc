#include "base/executor.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace nats3 {

ThreadPool::ThreadPool(std::string name, int threads) {
  name.resize(std::min<std::size_t>(name.size(), 15));  // the kernel's limit for a thread's name
  threads_.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(), name.c_str());
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  timer_.notify_all();
  for (auto& thread : threads_) {
    thread.join();
  }
  threads_.clear();
  std::deque<Task> ready;
  std::multimap<MonotonicTime, Task> later;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(ready_);
    later.swap(later_);
  }
  // They go here, outside the lock: what a task owns may post as it goes.
}

void ThreadPool::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (!stopping_) {
    ready_.push_back(std::move(task));
    wake_one();
  }
}

void ThreadPool::post_at(MonotonicTime when, Task task) {
  const std::lock_guard lock(mutex_);
  if (stopping_) {
    return;
  }
  const auto added = later_.emplace(when, std::move(task));
  if (added != later_.begin()) {
    return;  // who watches the times waits for the earliest already
  }
  if (timer_watched_) {
    timer_.notify_one();
  } else {
    wake_one();
  }
}

// A thread that gets up finds out itself what there is to do, and wakes another if there is more.
void ThreadPool::wake_one() {
  if (waiting_ > 0) {
    wake_.notify_one();
  } else if (timer_watched_) {
    timer_.notify_one();
  }
}

void ThreadPool::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto now = clock().monotonic();
    while (!later_.empty() && later_.begin()->first <= now) {
      ready_.push_back(std::move(later_.begin()->second));
      later_.erase(later_.begin());
    }
    if (!ready_.empty()) {
      Task task = std::move(ready_.front());
      ready_.pop_front();
      if (!ready_.empty() || (!later_.empty() && !timer_watched_)) {
        wake_one();
      }
      lock.unlock();
      task();
      task = nullptr;  // what it owns is released outside the lock
      lock.lock();
    } else if (!later_.empty() && !timer_watched_) {
      timer_watched_ = true;
      timer_.wait_until(lock, MonotonicTime{later_.begin()->first});
      timer_watched_ = false;
    } else {
      ++waiting_;
      wake_.wait(lock);
      --waiting_;
    }
  }
}

void ManualExecutor::post(Task task) { post_at(clock_.monotonic(), std::move(task)); }

void ManualExecutor::post_at(MonotonicTime when, Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.emplace(when, std::move(task));
}

std::size_t ManualExecutor::run_ready() {
  std::size_t ran = 0;
  while (true) {
    Task task;
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty() || tasks_.begin()->first > clock_.monotonic()) {
        return ran;
      }
      task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
    }
    task();
    ++ran;
  }
}

void ManualExecutor::advance(std::chrono::nanoseconds by) {
  const auto end = clock_.monotonic() + by;
  run_ready();
  while (true) {
    MonotonicTime next = end;
    {
      const std::lock_guard lock(mutex_);
      if (!tasks_.empty()) {
        next = std::min(next, std::max(tasks_.begin()->first, clock_.monotonic()));
      }
    }
    clock_.advance(next - clock_.monotonic());
    run_ready();
    if (clock_.monotonic() >= end) {
      return;
    }
  }
}

}  // namespace nats3
