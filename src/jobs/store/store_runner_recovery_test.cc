// Store jobs that go on where another server ended, whatever has happened in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// A server has archived 25 messages and was killed after `time`, and 7 more came; the id of its
// job.
std::string killed_after_archiving(World& world, std::chrono::milliseconds time = 2s) {
  world.fill("s.a", 25);
  TestServer server(world);
  const std::string id = server.create(store_spec()).info.id;
  server.run_for(time);
  world.fill("s.a", 7);
  return id;
}

TEST_F(StoreRunnerTest, GoesOnAfterAKillWhereTheBucketEnds) {
  const std::string id = killed_after_archiving(world_);
  TestServer second(world_);
  second.run_for(2s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
  EXPECT_EQ(second.store(id).progress.messages, 32);
}

// A disk that isn't mounted: what it would archive in a bucket made anew would look like all.
TEST_F(StoreRunnerTest, MakesNoBucketWhereItHasArchivedBefore) {
  const std::string id = killed_after_archiving(world_);
  world_.stores = object::make_memory_provider();
  TestServer second(world_);
  second.run_for(2s);
  EXPECT_EQ(second.store(id).info.status, Status::kRunning);
  EXPECT_THAT(second.store(id).info.last_error,
              AllOf(HasSubstr("there is no bucket"), HasSubstr("is its disk mounted")));
  EXPECT_FALSE(world_.stores->open("bucket", object::IfMissing::kFail));
}

// Then all that was archived is on record.
constexpr auto kRecorded = 10s;

// What a server says of the job that finds `stores`, where it does nothing.
std::string trouble_with(World& world, const std::string& id,
                         std::shared_ptr<object::ObjectStoreProvider> stores) {
  const auto own = std::exchange(world.stores, std::move(stores));
  TestServer server(world);
  server.run_for(5s);
  EXPECT_EQ(server.store(id).info.status, Status::kRunning);
  EXPECT_EQ(server.store(id).progress.messages, 25);
  world.stores = own;
  return server.store(id).info.last_error;
}

void expect_to_go_on(World& world, const std::string& id) {
  TestServer server(world);
  server.run_for(40s);  // as long as a job that failed for a while may rest
  EXPECT_EQ(server.store(id).info.last_error, "");
  EXPECT_EQ(world.archived("S"), world.stored("S"));
}

// Somebody else made the bucket: what is below a mount point, say.
TEST_F(StoreRunnerTest, WaitsWhereTheBucketHasNothingOfWhatItArchived) {
  const std::string id = killed_after_archiving(world_, kRecorded);
  const auto other = object::make_memory_provider();
  ASSERT_TRUE(other->open("bucket", object::IfMissing::kCreate));
  EXPECT_THAT(trouble_with(world_, id, other),
              AllOf(HasSubstr("up to sequence 25"), HasSubstr("the epoch isn't there")));
  // A job of another subject has begun the same epoch there.
  const auto own = std::exchange(world_.stores, other);
  StoreSpec another = store_spec();
  another.subject = "s.b";
  TestServer(world_).create(another);
  world_.stores = own;
  EXPECT_THAT(trouble_with(world_, id, other), HasSubstr("its last chunks aren't there"));
  expect_to_go_on(world_, id);
}

TEST_F(StoreRunnerTest, WaitsWhereTheBucketIsAnOlderCopy) {
  const std::string id = killed_after_archiving(world_, kRecorded);
  const auto older = object::make_memory_provider();
  const auto copy = *older->open("bucket", object::IfMissing::kCreate);
  const auto objects = world_.bucket()->list({});
  const std::string last = world_.chunks("S").back().key;
  for (const auto& object : objects->objects) {
    if (object.key != last) {
      ASSERT_TRUE(copy->put(object.key, *world_.bucket()->get(object.key)));
    }
  }
  EXPECT_THAT(trouble_with(world_, id, older), HasSubstr("its last chunks aren't there"));
  expect_to_go_on(world_, id);
}

TEST_F(StoreRunnerTest, WaitsWhereNothingOfAWorkQueueIsLeft) {
  const StoreSpec queue = make_queue();
  world_.fill("q.a", 25);
  std::string id;
  {
    TestServer server(world_);
    id = server.create(queue).info.id;
    server.run_for(10s);
  }
  for (const auto& chunk : world_.chunks("Q")) {
    ASSERT_TRUE(world_.bucket()->remove(chunk.key));
  }
  EXPECT_THAT(trouble_with(world_, id, world_.stores), HasSubstr("its last chunks aren't there"));
}

// The range is on record and the upload never happened, or happened and nobody knows: either way
// the same chunk is made again.
TEST_F(StoreRunnerTest, MakesTheSameChunkAgainAfterAKillDuringUploads) {
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

TEST_F(StoreRunnerTest, AServerThatLostItsJobStopsBeforeItWrites) {
  TestServer first(world_);
  first.create(store_spec());
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
      World::delete_replayed(*catalog, epoch, chunks);
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
      World::delete_replayed(*catalog, epoch, world_.chunks("S"));
      EXPECT_TRUE(catalog->raise_watermark(epoch, "s.>", {25, world_.clock.now()}));
    }
    return object::Fault{};
  };
  TestServer server(world_);
  server.run_for(10s);
  EXPECT_EQ(catalog->epochs()->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Calls, DeletingMeanwhileTest, ::testing::Range(1, 12));

}  // namespace
}  // namespace nats3::jobs
