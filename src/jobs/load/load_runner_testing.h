// LoadRunnerTest: a fixture for tests of load jobs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
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

  std::vector<std::string> payloads(const std::string& stream) {
    std::vector<std::string> out;
    for (const auto& [sequence, payload] : world_.stored(stream)) {
      out.push_back(payload);
    }
    return out;
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

}  // namespace nats3::jobs
