// LoadRunnerTest and ForgetfulTargetTest: fixtures for tests of load jobs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {

// A stream "S" that is archived, and a target "T" that is empty.
class LoadRunnerTest : public ::testing::Test {
 protected:
  LoadRunnerTest() {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    world_.broker.make_stream("T", {.subjects = {"t.>"}});
  }

  // In chunks of ten.
  void archive(int messages) {
    world_.fill("s.a", messages);
    archive_all(world_, store_spec());
  }

  std::vector<std::string> payloads(const std::string& stream) const {
    return world_.payloads(stream);
  }

  // Kills a load after no task, one, two and so on: another server replays the rest of `expected`.
  void replay_killed_at_any_point(const std::vector<std::string>& expected) {
    for (int tasks = 0; tasks < 30; ++tasks) {
      world_.broker.delete_stream("T");
      world_.broker.make_stream("T", {.subjects = {"t.>"}});
      auto server = std::make_unique<TestServer>(world_);
      const std::string id = server->create(load_spec()).info.id;
      server->run_some(tasks);
      server.reset();
      TestServer second(world_);
      second.run_for(std::chrono::seconds{3});
      EXPECT_EQ(payloads("T"), expected) << "killed after " << tasks << " tasks";
      EXPECT_EQ(second.load(id).info.status, Status::kSuccess);
    }
  }

  // A load ends at the damaged chunk `key`; one that skips it replays the `others` messages.
  void replay_with_damage(const std::string& key, std::uint64_t others) {
    TestServer server(world_);
    const std::string id = server.create(load_spec()).info.id;
    server.run_for(std::chrono::seconds{1});
    EXPECT_EQ(server.load(id).info.status, Status::kFailure);
    EXPECT_THAT(server.load(id).info.last_error, ::testing::HasSubstr(key));
    EXPECT_EQ(server.metrics().corrupt_chunks, 1);
    LoadSpec skip = load_spec();
    skip.on_corrupt = OnCorrupt::kSkip;
    const std::string skipping = server.create(skip).info.id;
    server.run_for(std::chrono::seconds{1});
    EXPECT_EQ(server.load(skipping).info.status, Status::kSuccess);
    EXPECT_EQ(server.load(skipping).progress.messages, others);
    EXPECT_EQ(server.load(skipping).progress.skipped_chunks, 1);
  }

  World world_;
};

// Message ids are forgotten when a killed load goes on.
class ForgetfulTargetTest : public LoadRunnerTest {
 protected:
  void make_target(nats::MemoryStreamOptions options = {}) {
    options.subjects = {"t.>"};
    options.duplicate_window = std::chrono::milliseconds{100};
    world_.broker.delete_stream("T");
    world_.broker.make_stream("T", std::move(options));
  }
  // Kills a load whose first 30 messages have arrived, before it knows.
  void kill_a_load(const LoadSpec& what) {
    world_.broker.hold_acks(true);
    TestServer server(world_);
    id_ = server.create(what).info.id;
    server.run();
    ASSERT_FALSE(payloads("T").empty());
    ASSERT_EQ(server.load(id_).progress.messages, 0U);
  }
  LoadJob go_on() {
    world_.broker.hold_acks(false);
    world_.clock.advance(std::chrono::hours{1});
    TestServer server(world_);
    server.run_for(std::chrono::seconds{10});
    return server.load(id_);
  }
  // It went to its end, by message ids alone, and says why.
  static void expect_window(const LoadJob& job, const std::string& reason) {
    EXPECT_EQ(job.info.status, Status::kSuccess);
    EXPECT_EQ(job.exactness->kind, Exactness::Kind::kWindow);
    EXPECT_THAT(job.exactness->reason, ::testing::HasSubstr(reason));
  }

  std::string id_;
};

}  // namespace nats3::jobs
