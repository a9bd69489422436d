// Verify jobs that are killed, paused or resumed, or for which NATS or the object store is away.
#include <gtest/gtest.h>

#include "jobs/verify/verify_runner_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

TEST_F(VerifyRunnerTest, AResumeAfterAFailureIsANewRound) {
  archive();
  world_.flip_a_bit(keys()[1]);
  VerifySpec look = spec();
  look.repair = false;
  TestServer server(world_);
  const std::string id = start(server, look);
  server.run_for(5s);
  ASSERT_EQ(server.manager().verify_job(id)->info.status, Status::kFailure);
  ASSERT_TRUE(world_.bucket()->put(keys()[1], before_[keys()[1]]));
  ASSERT_TRUE(server.manager().resume_verify(id));
  server.run_for(5s);
  const VerifyJob job = *server.manager().verify_job(id);
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.progress.messages, 57);
  EXPECT_EQ(job.progress.damaged, 0);
}

TEST_F(VerifyRunnerTest, GoesOnAfterAKillAtAnyPoint) {
  archive();
  for (int tasks = 0; tasks < 40; ++tasks) {
    world_.flip_a_bit(keys()[1]);
    ASSERT_TRUE(world_.bucket()->remove(keys()[3]));
    auto server = std::make_unique<TestServer>(world_);
    VerifySpec slow = spec();
    slow.rate = 2'000;
    const std::string id = start(*server, slow);
    server->run_some(tasks);
    server->run_for(std::chrono::milliseconds{100 * tasks});
    server.reset();
    TestServer second(world_);
    second.run_for(30s);
    const VerifyJob job = *second.manager().verify_job(id);
    EXPECT_EQ(job.info.status, Status::kSuccess) << tasks << ": " << job.info.last_error;
    EXPECT_EQ(contents(), before_) << tasks;
    EXPECT_EQ(job.progress.damaged, 2) << tasks;  // told even if it was repaired before the kill
    EXPECT_EQ(job.progress.repaired, 2) << tasks;
  }
}

TEST_F(VerifyRunnerTest, GoesOnWhereItWasPaused) {
  archive();
  VerifySpec slow = spec();
  slow.rate = 500;
  TestServer server(world_);
  const std::string id = start(server, slow);
  while (server.manager().verify_job(id)->progress.chunks < 3) {
    server.run_for(100ms);
  }
  server.run_during([&] { EXPECT_TRUE(server.manager().pause_verify(id)); });
  world_.flip_a_bit(keys()[0]);  // which was read
  ASSERT_TRUE(server.manager().resume_verify(id));
  server.run_for(60s);
  const VerifyJob job = *server.manager().verify_job(id);
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.progress.chunks, 6);
  EXPECT_EQ(job.progress.messages, 57);
}

TEST_F(VerifyRunnerTest, TroubleIsWaitedForAndIsNoDamage) {
  archive();
  world_.flip_a_bit(keys()[1]);
  world_.faults = object::random_faults(3, 0.2, 0.1);
  TestServer server(world_);
  const auto made = server.manager().create(spec(), Start::kNow);
  const std::string id = made ? made->info.id : start(server, spec());
  server.run_for(300s);
  world_.faults = {};
  const VerifyJob job = *server.manager().verify_job(id);
  EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
  EXPECT_EQ(job.progress.messages, 47);
  EXPECT_EQ(contents(), before_);
}

TEST_F(VerifyRunnerTest, NatsAwayDuringARepairIsWaitedFor) {
  archive();
  std::uint64_t retries = 0;
  for (int tasks = 0; tasks < 40; ++tasks) {
    world_.flip_a_bit(keys()[1]);
    TestServer server(world_);
    const std::string id = start(server, spec());
    server.run_some(tasks);
    world_.broker.set_available(false);
    server.run_for(2s);
    world_.broker.set_available(true);
    server.run_for(30s);
    const VerifyJob job = *server.manager().verify_job(id);
    EXPECT_EQ(job.info.status, Status::kSuccess) << tasks;
    EXPECT_EQ(job.progress.repaired, 1) << tasks;
    EXPECT_EQ(contents(), before_) << tasks;
    retries += server.metrics().retries;
  }
  EXPECT_GT(retries, 0);
}

}  // namespace
}  // namespace nats3::jobs
