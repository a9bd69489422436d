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

}  // namespace
}  // namespace nats3::jobs
