#include "jobs/stepper.h"

namespace nats3::jobs {

bool Stepper::schedule() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kRunning) {
    state_ = State::kRunningAndWoken;
  }
  if (state_ != State::kIdle) {
    return false;
  }
  state_ = State::kScheduled;
  return true;
}

void Stepper::wake() {
  if (schedule()) {
    executor_.post([self = shared_from_this()] { self->run(); });
  }
}

std::function<void()> Stepper::waker() {
  return [weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->wake();
    }
  };
}

void Stepper::run() {
  {
    const std::lock_guard lock(mutex_);
    state_ = State::kRunning;
  }
  const std::optional<MonotonicTime> next = step();
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    again = state_ == State::kRunningAndWoken;
    state_ = State::kIdle;
  }
  if (again || (next && *next <= clock().monotonic())) {
    wake();
  } else if (next) {
    wake_at(*next);
  }
}

void Stepper::wake_at(MonotonicTime when) {
  {
    const std::lock_guard lock(mutex_);
    if (!timers_.empty() && *timers_.begin() <= when) {
      return;  // that one wakes this first, and the step then says anew when to come back
    }
    timers_.insert(when);
  }
  executor_.post_at(when, [weak = weak_from_this(), when] {
    if (const auto self = weak.lock()) {
      {
        const std::lock_guard lock(self->mutex_);
        self->timers_.erase(when);
      }
      if (self->schedule()) {
        self->run();  // it is on the executor already
      }
    }
  });
}

}  // namespace nats3::jobs
