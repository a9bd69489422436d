// Store jobs of work queues, whose messages go once they are archived.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "archive/chunk_writer.h"
#include "jobs/store/adoption.h"
#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::IsEmpty;
using namespace std::chrono_literals;

// The attempt that followed found the chunk and took it for one that had been counted before.
TEST_F(StoreRunnerTest, AChunkOfAWorkQueueWhoseAnswerWasLostIsCounted) {
  const StoreSpec queue = make_queue();
  world_.fill("q.a", 25);
  const auto all = world_.stored("Q");
  world_.faults = object::lose_nth_answer(object::Operation::kPut, 2);  // the first is stream.json
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  server.run_for(20s);
  EXPECT_EQ(world_.archived("Q"), all);
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
  EXPECT_EQ(server.store(id).progress.messages, 25);
  EXPECT_EQ(server.store(id).progress.chunks, world_.chunks("Q").size());
}

// An earlier version put it, for a job that was deleted before the messages were acknowledged.
TEST_F(StoreRunnerTest, AChunkThatIsThereDividedIntoOtherFramesIsRecognised) {
  const StoreSpec queue = make_queue();
  world_.fill("q.a", 10);
  const auto all = world_.stored("Q");
  world_.faults = puts_without_answers();
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  for (int i = 0; i < 100 && world_.chunks("Q").empty(); ++i) {
    server.run_for(50ms);
  }
  ASSERT_EQ(world_.chunks("Q").size(), 1);
  ASSERT_EQ(world_.stored("Q").size(), 10);
  const std::string key = world_.chunks("Q").front().key;
  const auto chunk = archive::decode_chunk(*world_.bucket()->get(key)).value();
  ASSERT_EQ(chunk.frames.size(), 1);
  const archive::ChunkHeader& header = chunk.index.header;
  archive::ChunkWriter writer({.stream = header.stream,
                               .epoch = header.epoch,
                               .filter = header.filter,
                               .previous = header.previous,
                               .encoding = header.encoding,
                               .frame_bytes = 1});
  for (const archive::Message& message : chunk.frames[0].messages()) {
    ASSERT_TRUE(writer.add(message));
  }
  const std::string divided = writer.finish()->bytes;
  ASSERT_TRUE(world_.bucket()->put(key, divided));
  world_.faults = {};
  server.run_for(60s);
  EXPECT_EQ(world_.archived("Q"), all);
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
  EXPECT_EQ(*world_.bucket()->get(key), divided);
  EXPECT_EQ(server.store(id).progress.chunks, 1);
}

TEST_F(StoreRunnerTest, WorkQueueMessagesGoOnlyOnceTheyAreInTheBucket) {
  const StoreSpec queue = make_queue();
  world_.fill("q.a", 25);
  const auto all = world_.stored("Q");
  world_.faults = object::fail_calls(object::Operation::kPut, 2, 5);  // the first is stream.json
  auto server = std::make_unique<TestServer>(world_);
  server->create(queue);
  server->run();
  EXPECT_EQ(world_.stored("Q").size(), 25);
  server->run_some(3);
  server.reset();
  TestServer second(world_);
  second.run_for(90s);
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
  std::set<std::uint64_t> archived;
  for (const auto& [sequence, payload] : world_.archived("Q")) {
    archived.insert(sequence);
  }
  EXPECT_EQ(archived.size(), all.size());
}

TEST_F(StoreRunnerTest, AWorkQueueThatAnotherConsumerReadsIsRefused) {
  const StoreSpec queue = make_queue();
  const auto other = world_.broker.open_source(
      {.stream = "Q", .filter_subject = "q.>", .consumer = "other", .explicit_ack = true});
  ASSERT_TRUE(other);
  TestServer server(world_);
  EXPECT_EQ(server.manager().create(queue, Start::kNow).error().code, ErrorCode::kInvalid);
  EXPECT_THAT(*server.manager().store_jobs(), IsEmpty());
}

// Otherwise a load that polls would be past them when they get to the bucket.
TEST_F(StoreRunnerTest, WhatAKilledServerHeldIsArchivedBeforeWhatCameLater) {
  const StoreSpec queue = make_queue();
  auto server = std::make_unique<TestServer>(world_);
  const std::string id = server->create(queue).info.id;
  world_.fill("q.a", 5);
  server->run();
  server.reset();  // holds five
  world_.fill("q.a", 20);
  TestServer second(world_);
  second.run_for(5s);
  EXPECT_THAT(world_.archived("Q"), IsEmpty());
  EXPECT_EQ(second.store(id).progress.lag, 25);
  second.run_for(15s);
  EXPECT_EQ(world_.archived("Q").size(), 25);
  EXPECT_EQ(world_.chunks("Q").front().name.first, 1);
  EXPECT_EQ(world_.chunks("Q").front().name.last, 10);
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
  EXPECT_EQ(second.store(id).progress.messages, 25);
}

// Although what the stream holds isn't all for this job.
TEST_F(StoreRunnerTest, AJobThatStillWaitsTellsWhatIsToCome) {
  const StoreSpec queue = make_queue("q.a");
  auto server = std::make_unique<TestServer>(world_);
  const std::string id = server->create(queue).info.id;
  world_.fill("q.a", 5);
  server->run();
  server.reset();  // holds five
  world_.fill("q.a", 20);
  world_.fill("q.b", 7);
  TestServer second(world_);
  second.run_for(5s);
  EXPECT_EQ(second.store(id).progress.lag, 25U);
}

// It stands still in the end, and a load that polls waits for its ack floor.
TEST_F(StoreRunnerTest, AConsumerThatWaitsForWhatIsArchivedAndGoneIsSetGoing) {
  const StoreSpec queue = make_queue();
  world_.fill("q.a", 25);
  auto server = std::make_unique<TestServer>(world_);
  server->create(queue);
  server->run_for(5s);
  ASSERT_THAT(world_.stored("Q"), IsEmpty());
  server.reset();
  const std::string consumer = connector_consumer(queue.subject);
  world_.broker.hide_gaps("Q");
  world_.broker.forget_acknowledgements("Q", consumer, {3, 14, 25});
  EXPECT_EQ(world_.broker.consumer_position("Q", consumer)->ack_floor, 2U);
  TestServer second(world_);
  second.run_for(30s);
  EXPECT_EQ(world_.broker.consumer_position("Q", consumer)->ack_floor, 25U);
}

TEST_F(StoreRunnerTest, AConsumerThatStandsStillIsOpenedAnew) {
  const StoreSpec queue = make_queue();
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  world_.fill("q.a", 10);
  server.run_for(5s);
  world_.broker.stop_consumer("Q", connector_consumer(queue.subject));
  world_.fill("q.a", 10);
  server.run_for(60s);
  EXPECT_EQ(world_.archived("Q").size(), 10U);
  server.run_for(120s);
  EXPECT_EQ(world_.archived("Q").size(), 20U);
  EXPECT_EQ(server.store(id).progress.lag, 0U);
  EXPECT_EQ(server.store(id).info.last_error, "");
}

TEST_F(StoreRunnerTest, AConsumerThatGoesOnStandingStillIsToldUntilItDelivers) {
  const StoreSpec queue = make_queue();
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  server.run_for(5s);
  world_.broker.stop_consumer("Q", connector_consumer(queue.subject), 2);
  world_.fill("q.a", 10);
  server.run_for(120s);
  EXPECT_EQ(server.store(id).info.last_error, "");
  server.run_for(20s);
  for (int i = 0; i < 100; ++i) {
    EXPECT_NE(server.store(id).info.last_error, "") << "opened anew, and silent still";
    server.run_for(1s);
  }
  server.run_for(60s);
  EXPECT_EQ(server.store(id).info.last_error, "");
  EXPECT_EQ(world_.archived("Q").size(), 10U);
}

TEST_F(StoreRunnerTest, WhatIsGoneAndWasNeverArchivedIsNotAcknowledged) {
  const StoreSpec queue = make_queue();
  auto server = std::make_unique<TestServer>(world_);
  server->create(queue);
  world_.fill("q.a", 5);
  server->run();
  server.reset();  // holds five
  world_.broker.remove_message("Q", 3);
  world_.broker.hide_gaps("Q");
  world_.broker.forget_acknowledgements("Q", connector_consumer(queue.subject), {3});
  const auto waits_for = [&] {
    return world_.broker.consumer_position("Q", connector_consumer(queue.subject))->unacknowledged;
  };
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 10'000);
  TestServer second(world_);
  second.run_for(30s);
  EXPECT_EQ(waits_for(), 5U);
  world_.faults = {};
  second.run_for(60s);
  EXPECT_EQ(world_.archived("Q").size(), 4U);
}

TEST_F(StoreRunnerTest, ANewJobTellsHowFarTheArchiveReaches) {
  const StoreSpec queue = make_queue();
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  world_.fill("q.a", 20);
  server.run_for(2s);
  server.remove_store(id);
  const std::string again = server.create(queue).info.id;
  server.run_for(2s);
  EXPECT_EQ(server.store(again).progress.last_sequence, 20U);
  EXPECT_EQ(server.store(again).progress.messages, 0U);
}

TEST_F(StoreRunnerTest, TwoJobsDoNotShareAConsumer) {
  StoreSpec queue = make_queue();
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  queue.bucket = "another";
  const auto second = server.manager().create(queue, Start::kNow);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(second.error().message, ::testing::HasSubstr(id));

  StoreSpec limits = store_spec();  // each has a consumer of its own
  ASSERT_TRUE(server.manager().create(limits, Start::kNow));
  limits.bucket = "another";
  EXPECT_TRUE(server.manager().create(limits, Start::kNow));
}

}  // namespace
}  // namespace nats3::jobs
