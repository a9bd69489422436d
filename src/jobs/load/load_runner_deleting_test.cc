// Load jobs that delete the chunks they have replayed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/load/load_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

TEST_F(LoadRunnerTest, PollingReplaysWhatComesAndDeletesWhatIsReplayed) {
  archive(20);
  TestServer server(world_);
  server.create(store_spec());
  LoadSpec polling = load_spec();
  polling.poll_interval = 2s;
  polling.delete_chunks = true;
  const std::string id = server.create(polling).info.id;
  server.run_for(5s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
  world_.fill("s.a", 15);
  server.run_for(10s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
}

// An upload that a dead server had under way came to something late.
TEST_F(LoadRunnerTest, AChunkThatComesBackIsDeletedAgain) {
  archive(30);
  const auto chunk = world_.chunks("S").at(1);
  const std::string bytes = *world_.bucket()->get(chunk.key);
  LoadSpec polling = load_spec();
  polling.poll_interval = 2s;
  polling.delete_chunks = true;
  TestServer server(world_);
  server.create(polling);
  server.run_for(5s);
  ASSERT_THAT(world_.chunks("S"), IsEmpty());
  ASSERT_TRUE(world_.bucket()->put(chunk.key, bytes));
  server.run_for(10s);
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
  EXPECT_EQ(payloads("T"), payloads("S"));
}

// How many tasks the server does before it is killed.
class KilledLoadTest : public LoadRunnerTest, public ::testing::WithParamInterface<int> {};

// What was replayed and is on record isn't read again, so nobody else would delete it.
TEST_P(KilledLoadTest, DeletesWhatWasReplayedBefore) {
  archive(50);
  LoadSpec deleting = load_spec();
  deleting.delete_chunks = true;
  deleting.poll_interval = 1s;
  {
    TestServer server(world_);
    server.create(deleting);
    server.run_some(GetParam());
  }
  TestServer server(world_);
  server.run_for(10s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Kills, KilledLoadTest, ::testing::Range(1, 40));

// Which message's acknowledgement is lost.
class InterruptedLoadTest : public LoadRunnerTest, public ::testing::WithParamInterface<int> {};

// A session that ended in the middle of a batch forgot the chunks of it that were replayed.
TEST_P(InterruptedLoadTest, DeletesWhatItReplayedBefore) {
  archive(50);
  LoadSpec deleting = load_spec();
  deleting.delete_chunks = true;
  world_.broker.fail_publish(GetParam(), nats::MemoryBroker::PublishFault::kLoseAck);
  TestServer server(world_);
  server.create(deleting);
  server.run_for(30s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Losses, InterruptedLoadTest, ::testing::Values(1, 10, 11, 25, 49, 50));

// Nobody has replayed it.
TEST_F(LoadRunnerTest, WhatItDeletedExcusesNoMissingChunkBelow) {
  world_.fill("s.a", 80);
  world_.clock.advance(1h);
  LoadSpec deleting = load_spec();
  deleting.from_time = world_.clock.now();
  deleting.delete_chunks = true;
  archive(20);
  TestServer server(world_);
  server.create(deleting);
  server.run_for(3s);
  const auto left = world_.chunks("S");
  ASSERT_THAT(left, SizeIs(8));
  const std::string whole = server.create(load_spec()).info.id;
  server.run_for(3s);
  EXPECT_EQ(server.load(whole).progress.messages, 80);
  ASSERT_TRUE(world_.bucket()->remove(left.at(3).key));
  const std::string after = server.create(load_spec()).info.id;
  server.run_for(3s);
  EXPECT_EQ(server.load(after).info.status, Status::kFailure);
  EXPECT_THAT(server.load(after).info.last_error, ::testing::HasSubstr("a chunk is missing"));
}

// The next pass took it for one that came again after it was replayed.
TEST_F(LoadRunnerTest, DeletesNoChunkThatItSkipped) {
  archive(50);
  const auto chunks = world_.chunks("S");
  const std::string absent = chunks.at(1).key;
  const std::string bytes = *world_.bucket()->get(absent);
  ASSERT_TRUE(world_.bucket()->remove(absent));
  for (const std::size_t damaged : {3U, 4U}) {
    world_.flip_a_bit(chunks.at(damaged).key);
  }
  LoadSpec polling = load_spec();
  polling.poll_interval = 2s;
  polling.delete_chunks = true;
  polling.on_corrupt = OnCorrupt::kSkip;
  TestServer server(world_);
  const std::string id = server.create(polling).info.id;
  server.run_for(10s);
  ASSERT_TRUE(world_.bucket()->put(absent, bytes));
  server.run_for(10s);
  EXPECT_THAT(world_.stored("T"), SizeIs(20));
  EXPECT_EQ(server.load(id).progress.skipped_chunks, 3U);
  EXPECT_THAT(world_.chunks("S"), SizeIs(3));
}

TEST_F(LoadRunnerTest, DeletesNoChunkOfWhichItLeftSomethingOut) {
  world_.fill("s.b", 5);
  archive(15);  // five and five in one chunk, ten in the other
  LoadSpec partly = load_spec();
  partly.read_subject = "s.a";
  partly.write_subject = "t.a";
  partly.delete_chunks = true;
  TestServer server(world_);
  server.create(partly);
  server.run_for(3s);
  EXPECT_THAT(world_.stored("T"), SizeIs(15));
  ASSERT_THAT(world_.chunks("S"), SizeIs(1));
  EXPECT_EQ(world_.chunks("S").front().name.first, 1U);
}

}  // namespace
}  // namespace nats3::jobs
