// ReadySignal: a callback that one thread sets and others call, with the promise that once set()
// returns, the callback that was there before isn't running. Thread-safe.
#pragma once

#include <functional>
#include <mutex>

namespace nats3::nats {

class ReadySignal {
 public:
  // Not from within the callback.
  void set(std::function<void()> callback) {
    const std::lock_guard lock(mutex_);
    callback_ = std::move(callback);
  }
  void fire() {
    const std::lock_guard lock(mutex_);
    if (callback_) {
      callback_();
    }
  }

 private:
  std::mutex mutex_;
  std::function<void()> callback_;
};

}  // namespace nats3::nats
