// Store jobs that tell what left the stream before it was archived, and only that.
#include <gtest/gtest.h>

#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

// Whether the job finds out by what the consumer passes over, or when it begins anew.
class UnseenTest : public StoreRunnerTest, public ::testing::WithParamInterface<bool> {};

TEST_P(UnseenTest, WhatLeftTheStreamBeforeItWasArchivedIsTold) {
  world_.fill("s.a", 10);
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run_for(2s);
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 1'000'000);
  world_.fill("s.a", 9'000);  // more than the job holds
  server.run_for(5s);
  world_.broker.purge_below("S", 8'501);
  if (GetParam()) {
    world_.broker.lose_sources();
  }
  server.run_for(5s);
  world_.faults = {};
  server.run_for(60s);
  const StoreJob job = server.store(id);
  EXPECT_EQ(job.info.status, Status::kRunning);
  EXPECT_EQ(world_.archived("S").count(8'501), 1U);
  EXPECT_EQ(job.progress.lag, 0U);
  EXPECT_EQ(job.progress.messages + job.progress.unseen, 9'010U);
  EXPECT_GT(job.progress.unseen, 1'000U);
  EXPECT_EQ(server.metrics().unseen_messages, job.progress.unseen);
  TestServer second(world_);
  second.run_for(5s);
  EXPECT_EQ(second.store(id).progress.unseen, job.progress.unseen) << "told once";
}

INSTANTIATE_TEST_SUITE_P(Sources, UnseenTest, ::testing::Bool());

// The first of the next chunk to be made again named a predecessor that nobody had archived, so
// that a load took it for missing.
TEST_F(StoreRunnerTest, WhatIsLeftOfChunksOnRecordCanBeReplayed) {
  world_.fill("s.a", 10);
  auto server = std::make_unique<TestServer>(world_);
  server->create(store_spec());
  server->run_for(2s);
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 1'000'000);
  world_.fill("s.a", 100);
  server->run_for(5s);
  server.reset();
  world_.broker.purge_below("S", 36);
  world_.faults = {};
  TestServer second(world_);
  second.run_for(10s);
  EXPECT_EQ(world_.archived("S").size(), 10U + 75U);
  world_.broker.make_stream("T", {.subjects = {"t.>"}});
  const std::string load = second.create(load_spec()).info.id;
  second.run_for(10s);
  EXPECT_EQ(second.load(load).info.status, Status::kSuccess) << second.load(load).info.last_error;
  EXPECT_EQ(world_.stored("T").size(), 10U + 75U);
}

TEST_F(StoreRunnerTest, WhatWasGoneBeforeTheJobIsNobodysLoss) {
  world_.fill("s.a", 50);
  world_.broker.purge_below("S", 41);
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run_for(5s);
  EXPECT_EQ(server.store(id).progress.messages, 10U);
  EXPECT_EQ(server.store(id).progress.unseen, 0U);
}

TEST_F(StoreRunnerTest, MessagesThatWereRemovedOneByOneAreNoGap) {
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run_for(1s);
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 3);
  world_.fill("s.a", 50);
  for (std::uint64_t sequence : {31U, 33U, 40U}) {
    world_.broker.remove_message("S", sequence);
  }
  server.run_for(20s);
  EXPECT_EQ(server.store(id).progress.unseen, 0U);
  EXPECT_EQ(server.store(id).progress.lag, 0U);
}

}  // namespace
}  // namespace nats3::jobs
