#include "cli/interrupt.h"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace nats3::cli {
namespace {

class SignalInterrupt final : public Interrupt {
 public:
  explicit SignalInterrupt(std::function<void()> on_interrupt)
      : on_interrupt_(std::move(on_interrupt)) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    // Started with the mask of this thread, so that a signal can only reach its sigwait.
    thread_ = std::thread([this, signals] { catch_first(signals); });
  }
  ~SignalInterrupt() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      if (!interrupted_) {
        pthread_kill(thread_.native_handle(), SIGINT);  // it's blocked there: ends the sigwait
      }
    }
    changed_.notify_all();
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SignalInterrupt(const SignalInterrupt&) = delete;
  SignalInterrupt& operator=(const SignalInterrupt&) = delete;

  bool wait_for(std::chrono::nanoseconds time) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [&] { return interrupted_; });
  }

 private:
  void catch_first(const sigset_t& signals) {
    int signal = 0;
    sigwait(&signals, &signal);
    {
      const std::lock_guard lock(mutex_);
      if (ending_) {
        return;
      }
      interrupted_ = true;
    }
    changed_.notify_all();
    on_interrupt_();
    // A second one ends the process at once, should what it does hang.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ending_; });
  }

  const std::function<void()> on_interrupt_;
  sigset_t before_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool interrupted_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Interrupt> catch_signals(std::function<void()> on_interrupt) {
  return std::make_unique<SignalInterrupt>(std::move(on_interrupt));
}

}  // namespace nats3::cli
