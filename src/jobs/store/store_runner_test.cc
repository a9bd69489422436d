#include "jobs/store/store_runner.h"

#include <gtest/gtest.h>

#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

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

// It is slower than the stream, or others have their turn.
TEST_F(StoreRunnerTest, TakesNoMoreThanItCanHoldWhileCompressionStandsStill) {
  TestServer server(world_);
  StoreSpec spec = store_spec();
  spec.batch = {};
  server.encoders().hold();
  const std::string id = server.create(spec).info.id;
  const std::string payload(1'000'000, 'x');
  for (int i = 0; i < 40; ++i) {
    ASSERT_NE(world_.broker.publish("s.a", payload), 0U);
  }
  server.run_for(20s);
  // A frame is at least one message: 8 MB of them wait, and one fetch more.
  EXPECT_GE(server.encoders().held(), 8U);
  EXPECT_LE(server.encoders().held(), 12U);
  EXPECT_EQ(server.store(id).progress.lag, 40);
  server.encoders().release();
  server.run_for(60s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

}  // namespace
}  // namespace nats3::jobs
