#include "jobs/manager/asks.h"

#include <gtest/gtest.h>

#include <thread>

#include "jobs/simulation/jobs_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

// Two servers, the first of which works at a job and then stands still.
class AsksTest : public ::testing::Test {
 protected:
  AsksTest() {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    id_ =
        holder_
            .create(StoreSpec{.name = "store", .bucket = "bucket", .stream = "S", .subject = "s.>"})
            .info.id;
    run_both(5s);
  }

  void run_both(std::chrono::milliseconds time) { jobs::run_both(world_, holder_, other_, time); }

  bool is_asked() {
    return nats::MemoryKeyValue(world_.leases).get("ask.store." + id_).has_value();
  }

  World world_;
  TestServer holder_{world_, "holder"};
  TestServer other_{world_, "other"};
  std::string id_;
};

// The holder stood still when it was asked to pause the job; the other server did it once the
// holder's lease had gone. When the job had been resumed, the holder woke up and did it again.
TEST_F(AsksTest, AResumedJobIsNotPausedByAnOldAsk) {
  ASSERT_EQ(other_.store(id_).info.server, "holder");
  // The holder's lease ends before the ask does.
  for (int i = 0; i < 6; ++i) {
    world_.clock.advance(250ms);
    other_.run();
  }
  std::thread pause([&] { EXPECT_TRUE(other_.manager().pause_store(id_)); });
  while (!is_asked()) {
    std::this_thread::yield();
  }
  while (other_.manager().servers()->size() > 1) {
    world_.clock.advance(250ms);
    other_.run();
  }
  while (other_.store(id_).info.status != Status::kPaused) {
    other_.run();
    std::this_thread::yield();
  }
  pause.join();
  ASSERT_TRUE(is_asked()) << "the ask went by its age: nothing is tested";
  EXPECT_TRUE(holder_.manager().resume_store(id_));
  ASSERT_FALSE(is_asked());
  run_both(10s);
  EXPECT_EQ(other_.store(id_).info.status, Status::kRunning);
}

// The holder answers all of them at once.
TEST_F(AsksTest, WhoAsksAtTheSameTimeIsAnsweredAsWell) {
  nats::MemoryKeyValue kv(world_.leases);
  Asks first(kv);
  Asks second(kv);
  ASSERT_TRUE(first.put_tell(JobKind::kStore, "job", "one"));
  ASSERT_TRUE(second.put_tell(JobKind::kStore, "job", "two"));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(second.put_tell(JobKind::kStore, "another", std::string(36, 'x')));
  }
  const auto asks = Asks(kv).take();
  ASSERT_TRUE(asks);
  ASSERT_EQ(asks->size(), 2U);
  EXPECT_EQ(asks->front().job, "job");
  EXPECT_EQ(asks->front().verb, Ask::Verb::kTell);
  EXPECT_EQ(asks->front().asks, " one two");
  EXPECT_LT(asks->back().asks.size(), 400U);
}

}  // namespace
}  // namespace nats3::jobs
