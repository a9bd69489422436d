// Work queues whose nats-server forgot its latest messages, some of which were delivered again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <set>

#include "jobs/store/other_reader_testing.h"
#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// `count` different messages are archived of "Q".
void expect_replayed_once(World& world, TestServer& server, std::size_t count) {
  world.broker.make_stream("T", {.subjects = {"t.>"}});
  LoadSpec load = load_spec();
  load.read_stream = "Q";
  load.read_subject = "q.>";
  server.create(load);
  server.run_for(5s);
  const auto replayed = world.payloads("T");
  EXPECT_THAT(replayed, SizeIs(count));
  EXPECT_THAT(std::set(replayed.begin(), replayed.end()), SizeIs(count));
}

// The latest of a work queue's messages are archived together with the first, which another reader
// held meanwhile: many chunks begin between them.
class EarlyChunkTest : public StoreRunnerTest {
 protected:
  EarlyChunkTest() {
    server_->create(queue_);
    server_->run_for(1s);
    auto other = open_other(world_, queue_);
    world_.fill("q.a", 101);
    take_one(*other);
    server_->run_for(5s);
    other.reset();
    server_->run_for(kAckWait - 5500ms);
    world_.fill("q.a", 9);
  }

  void expect_two_epochs() {
    EXPECT_EQ(world_.chunks("Q").front().name.first, 1U);
    EXPECT_EQ(world_.chunks("Q").front().name.last, 110U);
    world_.broker.forget_above("Q", 108);
    world_.broker.lose_sources();
    world_.faults = {};
    world_.fill("q.a", 10);
    server_->run_for(60s);
    const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "Q");
    EXPECT_EQ(catalog->epochs()->size(), 2U);
    EXPECT_TRUE(world_.stored("Q").empty());
    expect_replayed_once(world_, *server_, 120);
  }

  const StoreSpec queue_ = make_queue();
  std::unique_ptr<TestServer> server_ = std::make_unique<TestServer>(world_);
};

TEST_F(EarlyChunkTest, BeginsANewEpochWhenTheServerForgotItsEnd) {
  server_->run_for(30s);
  ASSERT_TRUE(world_.stored("Q").empty());
  expect_two_epochs();
}

// An earlier version put on record where the chunk begins that it had archived last.
TEST_F(EarlyChunkTest, BeginsANewEpochAfterAnUpgrade) {
  server_->run_for(30s);
  ASSERT_TRUE(world_.stored("Q").empty());
  server_.reset();
  nats::MemoryKeyValue kv(world_.records);
  const auto entry = kv.list("job.store.")->at(0);
  Json record = Json::parse(entry.value);
  ASSERT_EQ(record["first_of_tail"], 1U);
  record["first_of_tail"] = 92U;
  ASSERT_TRUE(kv.put(entry.key, record.dump(), entry.revision));
  server_ = std::make_unique<TestServer>(world_);
  expect_two_epochs();
}

// It isn't yet what the job archived, as far as is on record.
TEST_F(EarlyChunkTest, BeginsANewEpochWhenItsEndWasForgottenBeforeItWasAcknowledged) {
  world_.faults = puts_without_answers();
  for (int i = 0; i < 100 && world_.chunks("Q").front().name.first > 1; ++i) {
    server_->run_for(50ms);
  }
  ASSERT_EQ(world_.stored("Q").size(), 10U);
  expect_two_epochs();
}

// What the server still had was archived in both epochs, and replayed from both.
TEST_F(StoreRunnerTest, WhatWasNotAcknowledgedBeforeANewEpochIsReplayedOnce) {
  const StoreSpec queue = make_queue();
  auto server = std::make_unique<TestServer>(world_);
  server->create(queue);
  server->run();
  world_.faults = only_one_put_without_its_answer();
  world_.fill("q.a", 10);
  server->run_for(1s);
  ASSERT_THAT(world_.archived("Q"), SizeIs(10));
  ASSERT_THAT(world_.stored("Q"), SizeIs(10));
  server.reset();
  world_.faults = {};
  world_.broker.forget_above("Q", 8);
  TestServer second(world_);
  second.run_for(10s);
  world_.fill("q.a", 4);
  second.run_for(60s);
  ASSERT_THAT(world_.stored("Q"), IsEmpty());
  expect_replayed_once(world_, second, 14);
}

// What the first two have in common another reader held when the second epoch was written to. That
// is no gap in the second, as the first has it.
TEST_F(StoreRunnerTest, WhatAnEarlierEpochHasIsNoGapInOneThatEnds) {
  const StoreSpec queue = make_queue();
  auto server = std::make_unique<TestServer>(world_);
  server->create(queue);
  server->run();
  world_.faults = only_one_put_without_its_answer();
  world_.fill("q.a", 10);
  server->run_for(1s);
  ASSERT_THAT(world_.archived("Q"), SizeIs(10));
  server.reset();
  world_.broker.forget_above("Q", 8);
  world_.clock.advance(kAckWait);
  auto other = open_other(world_, queue);
  const auto held = take(*other, 8);

  const auto run = [&] {
    server->run_for(1s);
    ASSERT_TRUE(other->extend(held));
  };
  world_.faults = {};
  server = std::make_unique<TestServer>(world_);
  const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "Q");
  for (int i = 0; i < 30 && catalog->epochs()->size() < 2; ++i) {
    run();
  }
  world_.faults = only_one_put_without_its_answer();
  world_.fill("q.a", 4);
  for (const std::uint64_t passed_over : {9U, 10U}) {  // the consumer was past them
    world_.broker.remove_message("Q", passed_over);
  }
  for (int i = 0; i < 20 && world_.archived("Q").size() < 12; ++i) {
    run();
  }
  ASSERT_THAT(world_.archived("Q"), SizeIs(12));
  server.reset();
  other.reset();
  world_.faults = {};
  world_.broker.forget_above("Q", 11);
  world_.fill("q.a", 2);
  server = std::make_unique<TestServer>(world_);
  server->run_for(60s);
  EXPECT_EQ(catalog->epochs()->size(), 3U);
  expect_replayed_once(world_, *server, 14);
}

}  // namespace
}  // namespace nats3::jobs
