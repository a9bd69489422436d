// Store jobs whose consumers pass over messages, as those of nats-server before 2.9.12 do when
// another subject is purged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

LoadSpec polling_load_of_queue() {
  LoadSpec spec = load_spec();
  spec.read_stream = "Q";
  spec.read_subject = "q.>";
  spec.poll_interval = std::chrono::seconds{1};
  return spec;
}

TEST_F(StoreRunnerTest, WhatAConsumerPassedOverIsArchivedAllTheSame) {
  const StoreSpec queue = make_queue();
  TestServer server(world_);
  const std::string of_stream = server.create(store_spec()).info.id;
  const std::string of_queue = server.create(queue).info.id;
  std::size_t archived = 0;
  for (const auto silence : {0ms, 5'000ms}) {
    world_.fill("s.a", 1);
    world_.fill("q.a", 1);
    server.run();
    server.run_for(silence);
    world_.fill("s.a", 12);
    world_.fill("q.a", 7);
    archived += 8;
    world_.broker.pass_over("S");
    world_.broker.pass_over("Q");
    server.run_for(2s);
    if (silence == 0ms) {  // else in two minutes
      EXPECT_NE(server.store(of_stream).progress.lag, 0U);
      EXPECT_NE(server.store(of_queue).progress.lag, 0U);
    }
    server.run_for(150s);
    EXPECT_EQ(world_.archived("S"), world_.stored("S"));
    EXPECT_EQ(world_.archived("Q").size(), archived);
    EXPECT_THAT(world_.stored("Q"), IsEmpty());
    for (const std::string& id : {of_stream, of_queue}) {
      EXPECT_EQ(server.store(id).progress.lag, 0U);
      EXPECT_EQ(server.store(id).info.last_error, "");
    }
  }
}

// It is archived late, and the load was past it by then.
TEST_F(StoreRunnerTest, WhatAConsumerPassedOverReachesALoadThatPolls) {
  const StoreSpec queue = make_queue();
  world_.broker.make_stream("T", {.subjects = {"t.>"}});
  const LoadSpec polling = polling_load_of_queue();
  TestServer server(world_);
  server.create(queue);
  world_.fill("q.a", 1);
  server.run_for(2s);
  server.create(polling);
  world_.fill("q.a", 7);
  world_.broker.pass_over("Q");
  world_.fill("q.a", 3);
  server.run_for(5s);
  EXPECT_THAT(world_.archived("Q"), SizeIs(4));
  EXPECT_THAT(world_.stored("T"), SizeIs(1));
  server.run_for(60s);
  EXPECT_THAT(world_.archived("Q"), SizeIs(11));
  EXPECT_THAT(world_.stored("T"), SizeIs(11));
}

// A server that lost its latest messages gives their sequences to others, and its consumer goes on
// behind them. How far that was acknowledged counted for the new epoch.
TEST_F(StoreRunnerTest, WhatHasTheSequencesOfLostMessagesReachesALoadThatPolls) {
  const StoreSpec queue = make_queue();
  world_.broker.make_stream("T", {.subjects = {"t.>"}});
  const LoadSpec polling = polling_load_of_queue();
  TestServer server(world_);
  server.create(queue);
  world_.fill("q.a", 9);
  server.run_for(3s);
  server.create(polling);
  server.run_for(3s);
  ASSERT_THAT(world_.stored("T"), SizeIs(9));
  world_.broker.forget_above("Q", 4);
  world_.broker.lose_sources();
  server.run_for(20s);
  world_.fill("q.a", 7);
  server.run_for(5s);
  ASSERT_THAT(world_.archived("Q"), SizeIs(11));
  server.run_for(180s);
  EXPECT_THAT(world_.archived("Q"), SizeIs(16));
  EXPECT_THAT(world_.stored("T"), SizeIs(16));
}

// The job held messages whenever it looked.
TEST_F(StoreRunnerTest, WhatAConsumerPassedOverIsNoticedInAQueueThatIsNeverSilent) {
  const StoreSpec queue = make_queue();
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  server.run();
  world_.fill("q.a", 7);
  world_.broker.pass_over("Q");
  for (int second = 0; second < 150; ++second) {
    world_.fill("q.a", 1);
    server.run_for(1s);
    if (!world_.archived("Q").contains(1)) {
      EXPECT_NE(server.store(id).progress.lag, 0U) << "after " << second << " s";
    }
  }
  server.run_for(2s);
  EXPECT_THAT(world_.archived("Q"), SizeIs(157));
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
  EXPECT_EQ(server.store(id).progress.lag, 0U);
}

}  // namespace
}  // namespace nats3::jobs
