// What a server tells of a store job that another one works at.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "jobs/simulation/jobs_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

// Two servers; the first one works at a job that has nothing to do.
class ToldLagTest : public ::testing::Test {
 protected:
  ToldLagTest() {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    world_.fill("s.a", 5);
    run_both(3s);
    id_ = holder_
              .create({.name = "job",
                       .bucket = "bucket",
                       .stream = "S",
                       .subject = "s.>",
                       .batch = {.max_wait = 100ms}})
              .info.id;
    run_both(10s);
  }

  void run_both(std::chrono::milliseconds time) { jobs::run_both(world_, holder_, other_, time); }

  // What the other server answers when it asks the holder, which is `frozen` or not.
  StoreJob right_now(bool frozen) {
    std::atomic<bool> answered = false;
    StoreJob job;
    std::thread asking([&] {
      job = other_.manager().store_job_right_now(id_).value_or(StoreJob{});
      answered = true;
    });
    while (!answered) {
      std::this_thread::sleep_for(1ms);
      if (!frozen) {
        world_.clock.advance(5ms);
        holder_.run();
      }
      other_.run();
    }
    asking.join();
    return job;
  }

  World world_;
  TestServer holder_{world_, "holder"};
  TestServer other_{world_, "other"};
  std::string id_;
};

TEST_F(ToldLagTest, IsThatOfItsServerWhileThatOneLives) {
  EXPECT_EQ(other_.store(id_).info.server, "holder");
  EXPECT_EQ(other_.store(id_).progress.lag, 0U);
  run_both(60s);
  EXPECT_EQ(other_.store(id_).progress.lag, 0U) << "an idle job changes nothing on record";
  EXPECT_EQ(right_now(false).progress.lag, 0U);
}

// The job's record still says that nothing is left.
TEST_F(ToldLagTest, IsUnknownWhenItsServerIsNotSeenToLive) {
  world_.fill("s.a", 500);
  auto passed = 0ms;
  while (other_.store(id_).progress.lag == 0U && passed < Membership::kLifetime) {
    other_.run_for(100ms);
    passed += 100ms;
  }
  EXPECT_LE(passed, Membership::kSeenRenewing + Membership::kRenewal);
  const StoreJob job = other_.store(id_);
  EXPECT_EQ(job.info.server, "holder");
  EXPECT_EQ(job.progress.lag, std::nullopt);
  EXPECT_EQ(job.progress.oldest_unarchived, std::nullopt);
  EXPECT_EQ(job.progress.rate, 0);
  other_.run_for(20s);
  EXPECT_EQ(other_.store(id_).info.server, "other");
  EXPECT_EQ(other_.store(id_).progress.lag, 0U);
  EXPECT_EQ(other_.store(id_).progress.messages, 505U);
}

TEST_F(ToldLagTest, IsUnknownToAServerThatHasJustCome) {
  TestServer third(world_, "third");
  EXPECT_EQ(third.store(id_).progress.lag, std::nullopt);
}

// A lease lasts for seconds after its server froze; nobody must wait for an archive by that.
TEST_F(ToldLagTest, RightNowIsNeverWhatAFrozenServerHasOnRecord) {
  world_.fill("s.a", 500);
  EXPECT_EQ(other_.store(id_).progress.lag, 0U) << "its lease is as young as it gets";
  EXPECT_EQ(right_now(true).progress.lag, std::nullopt);
}

TEST_F(ToldLagTest, RightNowCountsWhatCameAMomentAgo) {
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 1'000'000);
  world_.fill("s.a", 500);
  EXPECT_EQ(right_now(false).progress.lag, 500U);
}

TEST_F(ToldLagTest, WhyAJobWaitsIsToldByEveryServer) {
  world_.broker.delete_stream("S");
  run_both(5s);
  EXPECT_NE(other_.store(id_).info.last_error, "");
  EXPECT_EQ(other_.store(id_).progress.lag, std::nullopt);
}

}  // namespace
}  // namespace nats3::jobs
