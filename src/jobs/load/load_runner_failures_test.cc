// Load jobs in trouble: kills, outages, refusals, archives that are not whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/load/load_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

TEST_F(LoadRunnerTest, GoesOnAfterAKillAtAnyPoint) {
  archive(57);
  replay_killed_at_any_point(payloads("S"));
}

TEST_F(LoadRunnerTest, SendsAgainWhatWasNotAcknowledged) {
  archive(57);
  for (const auto fault : {nats::MemoryBroker::PublishFault::kLoseAck,
                           nats::MemoryBroker::PublishFault::kDisconnect}) {
    world_.broker.delete_stream("T");
    world_.broker.make_stream("T", {.subjects = {"t.>"}});
    world_.broker.fail_publish(20, fault);
    TestServer server(world_);
    const std::string id = server.create(load_spec()).info.id;
    server.run_for(30s);
    EXPECT_EQ(payloads("T"), payloads("S"));
    EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
    EXPECT_EQ(server.load(id).progress.messages, 57);
  }
}

TEST_F(LoadRunnerTest, AMessageTheTargetRefusesEndsTheJobAndIsNamed) {
  archive(57);
  world_.broker.fail_publish(20, nats::MemoryBroker::PublishFault::kRefuseBad);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(3s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("message 20 of 'S'"));
  EXPECT_EQ(server.metrics().loads.failed, 1);
  ASSERT_TRUE(server.manager().resume_load(id));
  server.run_for(3s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_THAT(world_.stored("T"), SizeIs(57));
}

TEST_F(LoadRunnerTest, RidesOutAnOutageOfNats) {
  archive(57);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  world_.set_nats_available(false);
  server.run_for(20s);
  EXPECT_EQ(server.load(id).info.status, Status::kCreated);
  EXPECT_FALSE(server.load(id).info.last_error.empty());
  world_.set_nats_available(true);
  server.run_for(30s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(LoadRunnerTest, RidesOutAnOutageOfTheObjectStore) {
  archive(57);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  world_.faults = object::fail_calls(object::Operation::kGet, 1, 1'000'000);
  server.run_for(20s);
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
  EXPECT_FALSE(server.load(id).info.last_error.empty());
  world_.faults = {};
  server.run_for(30s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(LoadRunnerTest, ADamagedChunkEndsTheJobAndIsNamed) {
  archive(57);
  const std::string key = world_.chunks("S")[3].key;
  world_.flip_a_bit(key);
  replay_with_damage(key, 47);
}

TEST_F(LoadRunnerTest, AMissingChunkEndsTheJobAndIsNamed) {
  archive(57);
  ASSERT_TRUE(world_.bucket()->remove(world_.chunks("S")[3].key));
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("after 30 up to 40"));
}

}  // namespace
}  // namespace nats3::jobs
