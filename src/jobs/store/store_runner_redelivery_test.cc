// Store jobs of work queues, some of whose messages are delivered again, or to another reader
// first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "archive/chunk_writer.h"
#include "jobs/store/other_reader_testing.h"
#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// Puts a chunk of what the stream "Q" has, without message `left_out`.
void put_chunk(World& world, const StoreSpec& job, std::uint64_t left_out) {
  const auto catalog = *catalog::Catalog::open(world.bucket(), "", "Q");
  const std::string epoch = catalog->epochs()->front().name;
  archive::ChunkWriter writer({.stream = "Q", .epoch = epoch, .filter = job.subject});
  for (const auto& owned : world.broker.messages("Q")) {
    if (owned.message().sequence != left_out) {
      ASSERT_TRUE(writer.add(owned.message()));
    }
  }
  const auto chunk = writer.finish();
  ASSERT_TRUE(chunk);
  const auto name = archive::chunk_name(chunk->summary, archive::Encoding::kBinary);
  ASSERT_TRUE(world.bucket()->put(archive::chunk_key(catalog->location(), epoch, job.subject, name),
                                  chunk->bytes));
}

// It was tried again and again.
TEST_F(StoreRunnerTest, WhatHasTheKeyOfOtherMessagesIsCutAtAnotherPlace) {
  const StoreSpec queue = make_queue();
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  server.run();
  world_.fill("q.a", 11);
  put_chunk(world_, queue, 2);
  world_.broker.remove_message("Q", 3);  // ten others are left, from 1 to 11 as well
  server.run_for(60s);
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
  EXPECT_EQ(world_.archived("Q").count(2), 1U);
  EXPECT_EQ(world_.archived("Q").count(3), 1U) << "what was there stays";
  EXPECT_EQ(server.store(id).info.last_error, "");
}

// Acknowledgements are lost, and only some arrive: what the other reader held comes among the rest,
// and was acknowledged as what is in the bucket.
TEST_F(StoreRunnerTest, AChunkOfTheSameRangeMayHoldOtherMessages) {
  StoreSpec queue = make_queue();
  queue.batch.max_count = 3;
  auto server = std::make_unique<TestServer>(world_);
  server->create(queue);
  server->run();
  const auto other = open_other(world_, queue);
  world_.fill("q.a", 1);
  server->run();
  world_.fill("q.a", 1);
  take_one(*other);
  world_.fill("q.a", 2);
  world_.faults = [](const object::Call& call) {
    object::Fault fault;
    if (puts_a_chunk(call)) {
      fault.lose_answer = object::made_up_error();
    }
    return fault;
  };
  server->run();
  ASSERT_THAT(world_.archived("Q"), ElementsAre(Key(1), Key(3), Key(4)));
  server.reset();
  world_.faults = {};
  ASSERT_TRUE(other->ack({"$JS.ACK.Q." + connector_consumer(queue.subject) + ".1.3.3.0.0"}));
  TestServer second(world_);
  second.run_for(60s);
  EXPECT_EQ(world_.archived("Q").count(2), 1U);
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
}

// Messages 2 to 4 are in the bucket while the job holds the first, which another reader had and
// which is deleted from the stream then. The archive counted as complete up to there.
void expect_replayed_though_deleted(World& world, const StoreSpec& job) {
  world.broker.make_stream("T", {.subjects = {"t.>"}});
  LoadSpec polling = load_spec();
  polling.read_stream = job.stream;
  polling.read_subject = job.subject;
  polling.poll_interval = 1s;
  TestServer server(world);
  server.create(job);
  server.create(polling);
  server.run();
  std::string fails = ".zst";
  world.faults = [&](const object::Call& call) {
    object::Fault fault;
    if (puts_a_chunk(call) && call.key.find(fails) != std::string::npos) {
      fault.error = object::made_up_error();
    }
    return fault;
  };
  auto other = open_other(world, job);
  const std::string subject = job.stream == "Q" ? "q.a" : "s.a";
  world.fill(subject, 1);
  take_one(*other);
  world.fill(subject, 3);
  server.run();
  other.reset();
  server.run_for(kAckWait + 1s);
  world.broker.remove_message(job.stream, 1);
  fails = "/00000000000000000001-";
  server.run_for(30s);
  EXPECT_THAT(world.archived(job.stream), ElementsAre(Key(2), Key(3), Key(4)));
  world.faults = {};
  server.run_for(60s);
  EXPECT_EQ(world.archived(job.stream).count(1), 1U);
  EXPECT_THAT(world.payloads("T"), ElementsAre("payload 1", "payload 2", "payload 3", "payload 4"));
}

// The archive was complete only once something else had been acknowledged.
TEST_F(StoreRunnerTest, WhatFollowsAMessageThatAnotherReaderHeldIsReplayedWhenThatIsDeleted) {
  StoreSpec spec = store_spec(3);
  spec.consumer = connector_consumer(spec.subject);
  world_.broker.make_stream("T", {.subjects = {"t.>"}});
  LoadSpec polling = load_spec();
  polling.poll_interval = 1s;
  TestServer server(world_);
  server.create(spec);
  server.create(polling);
  server.run();
  const auto other = open_other(world_, spec);
  world_.fill("s.a", 1);
  take_one(*other);
  world_.fill("s.a", 3);
  server.run_for(5s);
  ASSERT_THAT(world_.archived("S"), SizeIs(3));
  ASSERT_THAT(world_.stored("T"), IsEmpty());
  world_.broker.remove_message("S", 1);
  server.run_for(20s);
  EXPECT_THAT(world_.stored("T"), SizeIs(3));
}

TEST_F(StoreRunnerTest, WhatAQueuesJobHoldsReachesALoadThatPollsThoughItIsDeleted) {
  StoreSpec queue = make_queue();
  queue.batch.max_count = 3;
  expect_replayed_though_deleted(world_, queue);
}

TEST_F(StoreRunnerTest, WhatAConsumersJobHoldsReachesALoadThatPollsThoughItIsDeleted) {
  StoreSpec spec = store_spec(3);
  spec.consumer = connector_consumer(spec.subject);
  expect_replayed_though_deleted(world_, spec);
}

// A job archives messages 2 to 10 while another reader holds the first, which comes when nothing
// can be put, and is on record then. `meanwhile` is done in between.
std::string put_on_record_late(World& world, const StoreSpec& queue,
                               const std::function<void()>& meanwhile) {
  TestServer server(world);
  const std::string id = server.create(queue).info.id;
  server.run();
  const auto other = open_other(world, queue);
  world.fill("q.a", 1);
  take_one(*other);
  world.fill("q.a", 9);
  server.run_for(2s);
  EXPECT_THAT(world.chunks("Q"), SizeIs(1));
  EXPECT_THAT(world.stored("Q"), ElementsAre(Key(1)));
  meanwhile();
  world.faults = [](const object::Call& call) {
    return puts_a_chunk(call) ? object::Fault{.error = object::made_up_error()} : object::Fault{};
  };
  server.run_for(15s);
  EXPECT_NE(server.store(id).info.last_error, "");
  return id;
}

// A load had deleted the chunk of later messages. That of the first was taken for deleted as well:
// it was acknowledged, and is nowhere.
TEST_F(StoreRunnerTest, AQueuesChunkThatNeverArrivedIsNotTakenForOneThatWasDeleted) {
  const StoreSpec queue = make_queue();
  const std::string id = put_on_record_late(world_, queue, [&] {
    const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "Q");
    World::delete_replayed(*catalog, catalog->epochs()->front().name, world_.chunks("Q"));
  });
  TestServer second(world_);
  second.run_for(30s);
  EXPECT_THAT(world_.stored("Q"), ElementsAre(Key(1)));
  EXPECT_EQ(second.store(id).progress.messages, 9U);
  world_.faults = {};
  second.run_for(60s);
  EXPECT_THAT(world_.archived("Q"), ElementsAre(Key(1)));
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
  EXPECT_EQ(second.store(id).progress.messages, 10U);
}

// They are on record in order of their sequences, and were put as they were cut: one that arrived,
// after one that didn't, wasn't counted.
TEST_F(StoreRunnerTest, AQueuesChunksThatArrivedAreCountedInWhicheverOrderTheyWerePut) {
  const StoreSpec queue = make_queue();
  auto server = std::make_unique<TestServer>(world_);
  const std::string id = server->create(queue).info.id;
  server->run();
  const auto other = open_other(world_, queue);
  world_.fill("q.a", 1);
  take_one(*other);
  world_.fill("q.a", 10);
  world_.faults = only_one_put_without_its_answer();
  server->run_for(15s);
  ASSERT_THAT(world_.chunks("Q"), SizeIs(1));
  ASSERT_EQ(server->store(id).progress.lag, 11U) << "the other reader's message came as well";
  server.reset();
  world_.faults = {};
  TestServer second(world_);
  second.run_for(2s);
  EXPECT_EQ(second.store(id).progress.messages, 10U);
}

// The server forgot its latest messages meanwhile. What the epochs have in common was counted up to
// the last message that both have: the one that came late was left out of every replay.
TEST_F(StoreRunnerTest, WhatComesLateIntoANewEpochIsReplayed) {
  StoreSpec shared = store_spec();
  shared.consumer = connector_consumer(shared.subject);
  world_.broker.make_stream("T", {.subjects = {"t.>"}});
  TestServer server(world_);
  server.create(shared);
  server.run();
  const auto other = open_other(world_, shared);
  world_.fill("s.a", 1);
  take_one(*other);
  world_.fill("s.a", 20);
  server.run_for(2s);
  ASSERT_THAT(world_.archived("S"), SizeIs(20));
  world_.broker.forget_above("S", 15);
  world_.broker.lose_sources();
  world_.fill("s.a", 10);
  server.run_for(30s);
  ASSERT_EQ(world_.archived("S").count(1), 1U);
  server.create(load_spec());
  server.run_for(5s);
  const auto replayed = world_.stored("T");
  EXPECT_EQ(std::ranges::count(replayed, "payload 1", [](const auto& m) { return m.second; }), 1);
  EXPECT_EQ(std::ranges::count(replayed, "payload 2", [](const auto& m) { return m.second; }), 1);
}

}  // namespace
}  // namespace nats3::jobs
