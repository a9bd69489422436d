// Store jobs while NATS or the object store is away, or what they say is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

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

// As when keys were rotated, or a policy was wrong for an hour: nobody has to resume each job.
TEST_F(StoreRunnerTest, WaitsForARightThatItHad) {
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run();
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 1'000'000,
                                     Error{ErrorCode::kDenied, "check the key"});
  world_.fill("s.a", 100);
  server.run_for(60s);
  EXPECT_EQ(server.store(id).info.status, Status::kRunning);
  EXPECT_THAT(server.store(id).info.last_error, HasSubstr("check the key"));
  world_.faults = {};
  server.run_for(30s);
  EXPECT_EQ(server.store(id).info.last_error, "");
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

TEST_F(StoreRunnerTest, AJobHoldsOneChunkWhereAllHaveNoMemoryForMore) {
  constexpr std::uint64_t kPerChunk = 4;  // of 1 MB each: as many as are fetched at once
  std::uint64_t held = UINT64_MAX;
  for (const std::uint64_t memory : {std::uint64_t{256} << 20, std::uint64_t{1}}) {
    World world;
    world.store_memory = memory;
    world.broker.make_stream("S", {.subjects = {"s.>"}});
    TestServer server(world);
    const std::string id = server.create(store_spec(kPerChunk)).info.id;
    server.run();
    world.faults = object::fail_calls(object::Operation::kPut, 1, 1'000'000);
    for (std::uint64_t i = 0; i < 5 * kPerChunk; ++i) {
      world.broker.publish("s.a", std::string(1'000'000, 'x'));
    }
    server.run_for(20s);
    EXPECT_GT(server.store_memory().held(), 0U);
    EXPECT_LT(server.store_memory().held(), held) << "with " << memory << " bytes for all";
    held = server.store_memory().held();
    world.faults = {};
    server.run_for(30s);
    EXPECT_EQ(world.archived("S"), world.stored("S"));
    server.remove_store(id);
    EXPECT_EQ(server.store_memory().held(), 0U);
  }
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

TEST_F(StoreRunnerTest, WhatComesBeforeAChunkThatCannotBeMadeIsArchived) {
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 3);
  world_.fill("s.a", 20);
  world_.broker.publish("s.a", std::string(archive::kMaxContentBytes, 'x'));
  server.run_for(30s);
  EXPECT_EQ(server.store(id).info.status, Status::kFailure);
  EXPECT_EQ(world_.archived("S").size(), 20U);
  EXPECT_EQ(server.store(id).progress.messages, 20U);
  for (int i = 0; i < 2; ++i) {  // once more, to no avail
    ASSERT_TRUE(server.manager().resume_store(id));
    server.run_for(30s);
    EXPECT_EQ(server.store(id).info.status, Status::kFailure);
    EXPECT_EQ(server.store(id).progress.messages, 20U);
  }
}

}  // namespace
}  // namespace nats3::jobs
