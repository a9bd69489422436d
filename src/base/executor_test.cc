#include "base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

namespace nats3 {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kDeadline{30};

TEST(ThreadPoolTest, RunsWhatIsPosted) {
  ThreadPool pool("test", 3);
  std::atomic<int> ran = 0;
  std::promise<void> all;
  for (int i = 0; i < 1'000; ++i) {
    pool.post([&] {
      if (++ran == 1'000) {
        all.set_value();
      }
    });
  }
  ASSERT_EQ(all.get_future().wait_for(kDeadline), std::future_status::ready);
}

TEST(ThreadPoolTest, RunsTasksOfTasks) {
  ThreadPool pool("test", 1);
  std::promise<void> inner;
  pool.post([&] { pool.post([&] { inner.set_value(); }); });
  ASSERT_EQ(inner.get_future().wait_for(kDeadline), std::future_status::ready);
}

TEST(ThreadPoolTest, RunsLaterTasksInOrderOfTheirTimes) {
  ThreadPool pool("test", 1);
  const MonotonicTime now = pool.clock().monotonic();
  std::vector<int> order;
  std::promise<MonotonicTime> last;
  pool.post_at(now + milliseconds{20}, [&] {
    order.push_back(2);
    last.set_value(pool.clock().monotonic());
  });
  pool.post_at(now + milliseconds{10}, [&] { order.push_back(1); });
  auto ended = last.get_future();
  ASSERT_EQ(ended.wait_for(kDeadline), std::future_status::ready);
  EXPECT_GE(ended.get(), now + milliseconds{20}) << "never before its time";
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

// While others wait, one thread waits for the earliest time, whichever that is by now.
TEST(ThreadPoolTest, TasksThatAreDueSoonerThanTheWaitAreNotLate) {
  ThreadPool pool("test", 4);
  pool.post_at(pool.clock().monotonic() + hours{1}, [] {});
  std::promise<void> last;
  int left = 200;
  std::function<void()> again = [&] {
    if (--left == 0) {
      last.set_value();
    } else {
      pool.post([&] { pool.post_at(pool.clock().monotonic() + milliseconds{1}, again); });
    }
  };
  pool.post(again);
  ASSERT_EQ(last.get_future().wait_for(kDeadline), std::future_status::ready);
}

// Also when the only idle thread is the one that waits for a time.
TEST(ThreadPoolTest, ATaskDoesNotWaitForATimeBeforeIt) {
  ThreadPool pool("test", 2);
  pool.post_at(pool.clock().monotonic() + hours{1}, [] {});
  std::promise<void> release;
  std::promise<void> ran;
  pool.post([&] {
    pool.post([&] { ran.set_value(); });
    release.get_future().wait();
  });
  const bool done = ran.get_future().wait_for(kDeadline) == std::future_status::ready;
  release.set_value();
  ASSERT_TRUE(done);
}

TEST(ThreadPoolTest, ATaskThatIsDueSoonerThanTheWaitIsNotLate) {
  ThreadPool pool("test", 1);
  std::promise<void> soon;
  pool.post_at(pool.clock().monotonic() + hours{1}, [] {});
  pool.post_at(pool.clock().monotonic() + milliseconds{1}, [&] { soon.set_value(); });
  ASSERT_EQ(soon.get_future().wait_for(kDeadline), std::future_status::ready);
}

TEST(ThreadPoolTest, DestructionFinishesWhatRunsAndDropsTheRest) {
  const auto token = std::make_shared<int>();
  std::atomic<bool> finished = false;
  bool dropped_ran = false;
  {
    ThreadPool pool("test", 1);
    std::promise<void> running;
    std::promise<void> go;
    pool.post([&, future = go.get_future().share()] {
      running.set_value();
      future.wait();
      finished = true;
    });
    pool.post_at(pool.clock().monotonic() + hours{1}, [&, token] { dropped_ran = true; });
    running.get_future().wait();
    go.set_value();
  }
  EXPECT_TRUE(finished);
  EXPECT_FALSE(dropped_ran);
  EXPECT_EQ(token.use_count(), 1) << "what a dropped task owned is released";
}

TEST(ManualExecutorTest, RunsTasksAtTheirTimesInOrder) {
  ManualExecutor executor;
  const MonotonicTime begin = executor.clock().monotonic();
  std::vector<int> order;
  std::vector<MonotonicTime> times;
  const auto note = [&](int number) {
    return [&, number] {
      order.push_back(number);
      times.push_back(executor.clock().monotonic());
    };
  };
  executor.post_at(begin + seconds{2}, note(3));
  executor.post_at(begin + seconds{1}, note(2));
  executor.post(note(1));
  EXPECT_TRUE(order.empty());
  EXPECT_EQ(executor.run_ready(), 1u);
  executor.advance(seconds{1});
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  executor.advance(seconds{5});
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(times, (std::vector<MonotonicTime>{begin, begin + seconds{1}, begin + seconds{2}}));
  EXPECT_EQ(executor.clock().monotonic(), begin + seconds{6});
}

TEST(ManualExecutorTest, AdvancingRunsTasksThatTasksPost) {
  ManualExecutor executor;
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    executor.post_at(executor.clock().monotonic() + seconds{1}, tick);
  };
  executor.post(tick);
  executor.advance(seconds{10});
  EXPECT_EQ(ticks, 11);
}

TEST(ManualExecutorTest, WallClockMovesAlong) {
  ManualExecutor executor;
  const Timestamp begin = executor.clock().now();
  executor.advance(hours{1});
  EXPECT_EQ(executor.clock().now() - begin, hours{1});
}

}  // namespace
}  // namespace nats3
