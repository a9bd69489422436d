#include <gtest/gtest.h>

#include "jobs/simulation/jobs_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

class StoreLagTest : public ::testing::Test {
 protected:
  StoreLagTest() {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    world_.fill("s.a", 5);
  }

  // Its chunk is written after a minute.
  static StoreSpec spec() {
    return {.name = "job",
            .bucket = "bucket",
            .stream = "S",
            .subject = "s.>",
            .batch = {.max_wait = std::chrono::minutes{1}}};
  }

  StoreRecord on_record(const std::string& id) const {
    const auto entry = nats::MemoryKeyValue(world_.records).get(record_key(JobKind::kStore, id));
    return entry.and_then([](const auto& e) { return parse_store_record(e.value); })
        .value_or(StoreRecord{});
  }

  World world_;
};

TEST_F(StoreLagTest, IsUnknownBeforeTheJobHasAskedItsStream) {
  TestServer server(world_);
  const auto created = server.manager().create(spec(), Start::kPaused);
  ASSERT_TRUE(created) << created.error().message;
  const std::string id = created->info.id;
  server.run_for(3s);
  EXPECT_EQ(server.store(id).progress.lag, std::nullopt);
  ASSERT_TRUE(server.manager().resume_store(id));
  EXPECT_EQ(server.store(id).progress.lag, std::nullopt);
  server.run();
  EXPECT_EQ(server.store(id).progress.lag, 5U);
}

// What the server before had found is as old as nobody knows.
TEST_F(StoreLagTest, IsUnknownAgainWhenAnotherServerTakesTheJobOver) {
  auto server = std::make_unique<TestServer>(world_);
  const std::string id = server->create(spec()).info.id;
  server->run_for(3s);
  ASSERT_EQ(server->store(id).progress.lag, 5U);
  server.reset();
  world_.broker.set_available(false);
  world_.fill("s.a", 2);
  TestServer second(world_);
  EXPECT_EQ(second.store(id).progress.lag, std::nullopt);
  second.run_for(5s);
  EXPECT_EQ(second.store(id).progress.lag, std::nullopt);
  world_.broker.set_available(true);
  second.run_for(20s);
  EXPECT_EQ(second.store(id).progress.lag, 7U);
}

TEST_F(StoreLagTest, IsUnknownWhileTheJobIsPaused) {
  TestServer server(world_);
  const std::string id = server.create(spec()).info.id;
  server.run_for(3s);
  server.run_during([&] { ASSERT_TRUE(server.manager().pause_store(id)); });
  EXPECT_EQ(server.store(id).progress.lag, std::nullopt);
}

// It told 0 while messages waited.
TEST_F(StoreLagTest, IsUnknownWhileTheJobWaitsAndOnRecordToo) {
  TestServer server(world_);
  const std::string id = server.create(spec()).info.id;
  server.run_for(3s);
  ASSERT_EQ(server.store(id).progress.lag, 5U);
  world_.broker.delete_stream("S");
  server.run_for(10s);
  StoreJob job = server.store(id);
  EXPECT_EQ(job.info.status, Status::kRunning);
  EXPECT_NE(job.info.last_error, "");
  EXPECT_EQ(job.progress.lag, std::nullopt);
  EXPECT_EQ(job.progress.oldest_unarchived, std::nullopt);
  job = on_record(id).job;
  EXPECT_NE(job.info.last_error, "");
  EXPECT_EQ(job.progress.lag, std::nullopt);
}

TEST_F(StoreLagTest, IsUnknownOnceTheJobHasFailed) {
  TestServer server(world_);
  StoreSpec quick = spec();
  quick.batch.max_wait = 100ms;
  const std::string id = server.create(quick).info.id;
  server.run_for(3s);
  ASSERT_EQ(server.store(id).progress.lag, 0U);
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 1'000'000,
                                     Error{ErrorCode::kInvalid, "too large"});
  world_.fill("s.a", 14);
  server.run_for(10s);
  ASSERT_EQ(server.store(id).info.status, Status::kFailure);
  EXPECT_EQ(server.store(id).progress.lag, std::nullopt);
  EXPECT_EQ(on_record(id).job.progress.lag, std::nullopt);
}

}  // namespace
}  // namespace nats3::jobs
