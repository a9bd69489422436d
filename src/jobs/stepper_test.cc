#include "jobs/stepper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace nats3::jobs {
namespace {

class Counter final : public Stepper {
 public:
  using Stepper::Stepper;
  std::function<std::optional<MonotonicTime>()> on_step = [] { return std::nullopt; };
  int steps = 0;

 protected:
  std::optional<MonotonicTime> step() override {
    ++steps;
    return on_step();
  }
};

TEST(Stepper, ManyWakesMakeOneStep) {
  ManualExecutor executor;
  const auto counter = std::make_shared<Counter>(executor);
  counter->wake();
  counter->wake();
  executor.run_ready();
  EXPECT_EQ(counter->steps, 1);
}

TEST(Stepper, AWakeDuringAStepMakesAnother) {
  ManualExecutor executor;
  const auto counter = std::make_shared<Counter>(executor);
  counter->on_step = [&]() -> std::optional<MonotonicTime> {
    if (counter->steps == 1) {
      counter->wake();
    }
    return std::nullopt;
  };
  counter->wake();
  executor.run_ready();
  EXPECT_EQ(counter->steps, 2);
}

TEST(Stepper, IsSteppedAtTheTimeItAskedFor) {
  ManualExecutor executor;
  const auto counter = std::make_shared<Counter>(executor);
  counter->on_step = [&] { return executor.clock().monotonic() + std::chrono::seconds{1}; };
  counter->wake();
  executor.run_ready();
  executor.advance(std::chrono::milliseconds{999});
  EXPECT_EQ(counter->steps, 1);
  executor.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(counter->steps, 2);
  executor.advance(std::chrono::seconds{10});
  EXPECT_EQ(counter->steps, 12);
}

// One that was to come sooner doesn't leave the later one behind, to be stepped by as well.
TEST(Stepper, TimersDontPileUp) {
  ManualExecutor executor;
  const auto counter = std::make_shared<Counter>(executor);
  bool soon = false;
  counter->on_step = [&] {
    const auto pause = soon ? std::chrono::milliseconds{1} : std::chrono::milliseconds{1'000};
    soon = false;
    return executor.clock().monotonic() + pause;
  };
  for (int i = 0; i < 20; ++i) {
    soon = true;
    counter->wake();
    executor.advance(std::chrono::milliseconds{10});
  }
  EXPECT_EQ(counter->steps, 40);
  executor.advance(std::chrono::milliseconds{1'500});
  EXPECT_EQ(counter->steps, 41);
}

TEST(Stepper, ATimerDoesNotKeepItAlive) {
  ManualExecutor executor;
  auto counter = std::make_shared<Counter>(executor);
  counter->on_step = [&] { return executor.clock().monotonic() + std::chrono::seconds{1}; };
  counter->wake();
  executor.run_ready();
  const std::weak_ptr<Counter> weak = counter;
  counter.reset();
  EXPECT_TRUE(weak.expired());
  executor.advance(std::chrono::seconds{2});
}

TEST(Stepper, StepsNeverOverlap) {
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  std::latch done(1);
  ThreadPool pool("test", 4);
  const auto counter = std::make_shared<Counter>(pool);
  counter->on_step = [&]() -> std::optional<MonotonicTime> {
    overlapped = overlapped || inside.fetch_add(1) != 0;
    std::this_thread::yield();
    inside.fetch_sub(1);
    if (counter->steps == 1'000) {
      done.count_down();
    }
    return pool.clock().monotonic() + std::chrono::microseconds{20};  // its timers step it, too
  };
  std::thread waker([&] {
    while (!done.try_wait()) {
      counter->wake();
    }
  });
  waker.join();
  pool.stop();
  EXPECT_FALSE(overlapped);
}

}  // namespace
}  // namespace nats3::jobs
