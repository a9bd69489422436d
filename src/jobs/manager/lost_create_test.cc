// Jobs that are made while NATS goes away: whoever is told to try again gets one job, not two.
#include <gtest/gtest.h>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

class LostCreateTest : public ::testing::Test {
 protected:
  LostCreateTest() {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    world_.broker.make_stream("T", {.subjects = {"t.>"}, .duplicate_window = 1s});
    world_.fill("s.a", 20);
    archive_all(world_, store_spec());
    server_ = std::make_unique<TestServer>(world_);
  }

  std::size_t on_record() const {
    return nats::MemoryKeyValue(world_.records).list("job.load.")->size();
  }

  World world_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(LostCreateTest, ALostAnswerMakesOneJob) {
  world_.records->lose_answer(1);
  const LoadJob job = server_->create(load_spec());
  server_->run_for(10s);
  EXPECT_EQ(server_->load(job.info.id).info.status, Status::kSuccess);
  EXPECT_EQ(world_.stored("T").size(), 20U);
  EXPECT_EQ(on_record(), 1U);
}

TEST_F(LostCreateTest, WhatIsNotKnownToBeMadeIsTakenOffTheRecord) {
  world_.records->lose_answer_and_go(1);
  const auto made = server_->manager().create(load_spec(), Start::kNow);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(made.error().message.find("isn't known"), std::string::npos);
  server_->run_for(20s);
  world_.records->set_available(true);
  EXPECT_EQ(on_record(), 1U);
  server_->run_for(30s);
  EXPECT_EQ(on_record(), 0U);
  EXPECT_TRUE(server_->manager().load_jobs()->empty());
  EXPECT_TRUE(world_.stored("T").empty());
}

// At once when NATS is back, before this server has looked at the record.
TEST_F(LostCreateTest, WhoTriesAgainGetsOneJob) {
  world_.records->lose_answer_and_go(1);
  ASSERT_FALSE(server_->manager().create(load_spec(), Start::kNow));
  world_.records->set_available(true);
  const LoadJob job = server_->create(load_spec());
  EXPECT_EQ(on_record(), 1U);
  server_->run_for(30s);
  EXPECT_EQ(server_->manager().load_jobs()->size(), 1U);
  EXPECT_EQ(server_->load(job.info.id).info.status, Status::kSuccess);
  EXPECT_EQ(world_.stored("T").size(), 20U);
}

TEST_F(LostCreateTest, AStoreJobsPlaceIsFreeForTheNextTry) {
  world_.records->lose_answer_and_go(2);  // after its place
  ASSERT_FALSE(server_->manager().create(store_spec(), Start::kNow));
  world_.records->set_available(true);
  server_->create(store_spec());
  server_->run_for(10s);
  EXPECT_EQ(server_->manager().store_jobs()->size(), 1U);
}

}  // namespace
}  // namespace nats3::jobs
