#include "jobs/store_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/chunk_writer.h"
#include "jobs/jobs_testing.h"
#include "jobs/sample_jobs_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class StoreRunnerTest : public ::testing::Test {
 protected:
  StoreRunnerTest() { world_.broker.make_stream("S", {.subjects = {"s.>"}}); }

  // Makes the work queue "Q". Gives a job that archives `subject` of it.
  StoreSpec make_queue(const std::string& subject = "q.>") {
    world_.broker.make_stream("Q", {.subjects = {"q.>"}, .retention = nats::Retention::kWorkQueue});
    StoreSpec queue = store_spec();
    queue.stream = "Q";
    queue.subject = subject;
    return queue;
  }

  World world_;
};

TEST_F(StoreRunnerTest, ArchivesWhatIsThereAndWhatComes) {
  world_.fill("s.a", 25);
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run();
  EXPECT_EQ(world_.chunks("S").size(), 2);
  EXPECT_EQ(server.store(id).progress.last_sequence, 20);
  EXPECT_EQ(server.store(id).progress.lag, 5);
  server.run_for(1s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
  world_.fill("s.b", 3);
  server.run_for(2s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
  const StoreJob job = server.store(id);
  EXPECT_EQ(job.info.status, Status::kRunning);
  EXPECT_EQ(job.progress.messages, 28);
  EXPECT_EQ(job.progress.chunks, 4);
  EXPECT_EQ(job.progress.lag, 0);
  EXPECT_EQ(server.metrics().nats_messages.out, 28);
  EXPECT_EQ(server.metrics().s3_objects.in, 4);
}

TEST_F(StoreRunnerTest, GoesOnAfterAKillWhereTheBucketEnds) {
  world_.fill("s.a", 25);
  auto server = std::make_unique<TestServer>(world_);
  const std::string id = server->create(store_spec()).info.id;
  server->run_for(2s);
  server.reset();
  world_.fill("s.a", 7);
  TestServer second(world_);
  second.run_for(2s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
  EXPECT_EQ(second.store(id).progress.messages, 32);
}

// The range is on record and the upload never happened, or happened and nobody knows: either way
// the same chunk is made again.
TEST_F(StoreRunnerTest, MakesTheSameChunkAgainAfterAKillDuringUploads) {
  world_.fill("s.a", 10);
  std::set<std::string> keys;
  for (int tasks = 0; tasks < 12; ++tasks) {
    World world;
    world.broker.make_stream("S", {.subjects = {"s.>"}});
    world.fill("s.a", 15);
    auto server = std::make_unique<TestServer>(world);
    const std::string id = server->create(store_spec()).info.id;
    server->run_some(tasks);
    server.reset();
    world.fill("s.a", 10);  // a chunk cut anew would hold some of these
    TestServer second(world);
    second.run_for(2s);
    EXPECT_EQ(world.archived("S"), world.stored("S")) << "killed after " << tasks << " tasks";
    EXPECT_EQ(second.store(id).progress.messages, 25) << "killed after " << tasks << " tasks";
  }
}

TEST_F(StoreRunnerTest, RidesOutAnOutageOfTheObjectStore) {
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run();
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 1'000'000);
  world_.fill("s.a", 100);
  server.run_for(20s);
  StoreJob job = server.store(id);
  EXPECT_EQ(job.info.status, Status::kRunning);
  EXPECT_FALSE(job.info.last_error.empty());
  EXPECT_EQ(job.progress.messages, 0);
  EXPECT_EQ(job.progress.lag, 100);
  world_.faults = {};
  server.run_for(30s);
  job = server.store(id);
  EXPECT_EQ(job.info.last_error, "");
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

TEST_F(StoreRunnerTest, ALostAnswerToAnUploadDoesNoHarm) {
  world_.faults = object::lose_nth_answer(object::Operation::kPut, 2);
  world_.fill("s.a", 30);
  TestServer server(world_);
  server.create(store_spec());
  server.run_for(5s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

TEST_F(StoreRunnerTest, RidesOutAnOutageOfNats) {
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  world_.fill("s.a", 33);
  server.run_for(200ms);
  world_.set_nats_available(false);
  server.run_for(20s);
  EXPECT_EQ(server.store(id).info.status, Status::kRunning);
  EXPECT_FALSE(server.store(id).info.last_error.empty());
  world_.set_nats_available(true);
  world_.fill("s.a", 5);
  server.run_for(30s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
  EXPECT_EQ(server.store(id).info.last_error, "");
  EXPECT_EQ(server.store(id).progress.messages, 38);
}

TEST_F(StoreRunnerTest, ReadsAgainWhatWasLostOnTheWay) {
  TestServer server(world_);
  server.create(store_spec());
  server.run();
  world_.broker.drop_next_delivery();
  world_.fill("s.a", 25);
  server.run_for(30s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

TEST_F(StoreRunnerTest, BeginsANewEpochWhenTheStreamWasMadeAgain) {
  world_.fill("s.a", 10);
  TestServer server(world_);
  server.create(store_spec());
  server.run_for(2s);
  world_.broker.delete_stream("S");
  server.run_for(2s);
  world_.broker.make_stream("S", {.subjects = {"s.>"}});
  world_.fill("s.a", 10);  // the same sequences, other messages
  server.run_for(30s);
  const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "S");
  EXPECT_EQ(catalog->epochs()->size(), 2);
  EXPECT_EQ(world_.archived("S").size(), 20);
  EXPECT_EQ(world_.archived("S").count(1), 2);
}

TEST_F(StoreRunnerTest, BeginsANewEpochWhenTheServerForgotWrites) {
  world_.fill("s.a", 20);
  TestServer server(world_);
  server.create(store_spec());
  server.run_for(2s);
  world_.broker.forget_above("S", 15);
  world_.broker.lose_sources();
  world_.fill("s.a", 10);
  server.run_for(30s);
  const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "S");
  EXPECT_EQ(catalog->epochs()->size(), 2);
  const auto archived = world_.archived("S");
  EXPECT_EQ(archived.count(20), 2);  // the lost one and the one that took its place
  EXPECT_EQ(archived.count(25), 1);
  EXPECT_EQ(server.manager().store_jobs()->front().progress.messages, 30U)
      << "a chunk stored just before the epoch ended counts";
}

TEST_F(StoreRunnerTest, ANewJobGoesOnWhereAnOldOnesArchiveEnds) {
  world_.fill("s.a", 20);
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run_for(2s);
  server.remove_store(id);
  world_.fill("s.a", 5);
  server.create(store_spec());
  server.run_for(2s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

TEST_F(StoreRunnerTest, AServerThatLostItsJobStopsBeforeItWrites) {
  TestServer first(world_);
  const std::string id = first.create(store_spec()).info.id;
  first.run();
  TestServer second(world_);  // takes the job over
  second.run();
  world_.fill("s.a", 25);
  first.run_for(3s);
  EXPECT_THAT(world_.archived("S"), IsEmpty());
  second.run_for(3s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

// Before which of the new session's calls of the object store a load deletes what it replayed.
class DeletingMeanwhileTest : public StoreRunnerTest, public ::testing::WithParamInterface<int> {};

// Between two looks at a chunk it was missing: the job failed, or archived it again.
TEST_P(DeletingMeanwhileTest, GoesOnAfterWhatALoadDeleted) {
  world_.fill("s.a", 20);
  std::string id;
  {
    TestServer server(world_);
    // The second chunk is in the bucket, and on record as one that may be.
    world_.faults = object::lose_nth_answer(object::Operation::kPut, 3);
    id = server.create(store_spec()).info.id;
    server.run();
  }
  const auto chunks = world_.chunks("S");
  ASSERT_THAT(chunks, SizeIs(2));
  const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "S");
  const std::string epoch = catalog->epochs()->front().name;
  int calls = 0;
  world_.faults = [&](const object::Call&) {
    if (++calls == GetParam()) {
      for (const auto& chunk : chunks) {
        EXPECT_TRUE(catalog->remove_chunk(epoch, chunk));
      }
    }
    return object::Fault{};
  };
  TestServer server(world_);
  server.run_for(10s);
  world_.fill("s.a", 5);
  server.run_for(10s);
  EXPECT_GE(calls, GetParam());
  EXPECT_EQ(server.store(id).info.status, Status::kRunning);
  EXPECT_EQ(server.store(id).progress.messages, 25U);
  const auto archived = world_.chunks("S");
  ASSERT_THAT(archived, SizeIs(1));
  EXPECT_EQ(archived.front().name.first, 21U);
  EXPECT_EQ(archived.front().name.last, 25U);
}

// A server that stood still looked at the stream before another one archived more of it, and at the
// archive afterwards: it took the stream for one that had lost its latest messages.
TEST_P(DeletingMeanwhileTest, TakesNoLaterArchiveForThatOfAnotherStream) {
  world_.fill("s.a", 20);
  {
    TestServer server(world_);
    server.create(store_spec());
    server.run_for(2s);
  }
  const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "S");
  const std::string epoch = catalog->epochs()->front().name;
  int calls = 0;
  world_.faults = [&](const object::Call&) {
    if (++calls == GetParam()) {
      world_.fill("s.a", 5);
      for (const auto& chunk : world_.chunks("S")) {
        EXPECT_TRUE(catalog->remove_chunk(epoch, chunk));
      }
      EXPECT_TRUE(catalog->raise_watermark(epoch, "s.>", {25, world_.clock.now()}));
    }
    return object::Fault{};
  };
  TestServer server(world_);
  server.run_for(10s);
  EXPECT_EQ(catalog->epochs()->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Calls, DeletingMeanwhileTest, ::testing::Range(1, 12));

TEST_F(StoreRunnerTest, PausingWritesWhatIsHeld) {
  world_.fill("s.a", 15);
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run();
  Result<StoreJob> paused;
  server.run_during([&] { paused = server.manager().pause_store(id); });
  ASSERT_TRUE(paused);
  EXPECT_EQ(paused->progress.messages, 15);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
  world_.fill("s.a", 5);
  server.run_for(5s);
  EXPECT_EQ(world_.archived("S").size(), 15);
  ASSERT_TRUE(server.manager().resume_store(id));
  server.run_for(5s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

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
  world_.faults = [](const object::Call& call) {
    object::Fault fault;
    if (call.operation == object::Operation::kPut && call.key.ends_with(".zst")) {
      fault.lose_answer = Error{ErrorCode::kUnavailable, "lost"};
    }
    return fault;
  };
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

// Up to where the stream is still the one that was archived, the archive has it already.
TEST_F(StoreRunnerTest, ARollbackArchivesOnlyWhatDiffers) {
  for (const std::uint64_t kept : {0U, 1U, 9U, 10U, 14U, 15U, 19U}) {
    World world;
    world.broker.make_stream("S", {.subjects = {"s.>"}});
    world.broker.make_stream("T", {.subjects = {"t.>"}});
    world.fill("s.a", 20);
    TestServer server(world);
    server.create(store_spec());
    server.run_for(2s);
    std::vector<std::string> expected;  // what was lost included
    for (const auto& [sequence, payload] : world.stored("S")) {
      expected.push_back(payload);
    }
    world.broker.forget_above("S", kept);
    world.broker.lose_sources();
    const int before = world.published;
    world.fill("s.a", 30);  // past the old end
    for (int i = before + 1; i <= world.published; ++i) {
      expected.push_back(fmt::format("payload {}", i));
    }
    server.run_for(30s);
    EXPECT_EQ(world.archived("S").size(), 50U) << "kept " << kept;
    server.create(load_spec());
    server.run_for(5s);
    std::vector<std::string> replayed;
    for (const auto& [sequence, payload] : world.stored("T")) {
      replayed.push_back(payload);
    }
    EXPECT_EQ(replayed, expected) << "kept " << kept;
  }
}

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
