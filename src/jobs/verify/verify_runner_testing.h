// VerifyRunnerTest: a fixture for tests of verify jobs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {

// A stream "S" whose 57 messages are archived in six chunks, and no job.
class VerifyRunnerTest : public ::testing::Test {
 protected:
  void archive(nats::Retention retention = nats::Retention::kLimits) {
    world_.broker.make_stream("S", {.subjects = {"s.>", "other"}, .retention = retention});
    world_.fill("s.a", 57);
    archive_all(world_, store_spec());
    ASSERT_THAT(keys(), ::testing::SizeIs(6));
    before_ = contents();
  }

  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& chunk : world_.chunks("S")) {
      keys.push_back(chunk.key);
    }
    return keys;
  }
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& key : keys()) {
      contents[key] = *world_.bucket()->get(key);
    }
    return contents;
  }

  static VerifySpec spec() {
    return {.name = "verify", .bucket = "bucket", .prefix = {}, .stream = "S"};
  }
  static std::string start(TestServer& server, const VerifySpec& spec) {
    auto job = server.manager().create(spec, Start::kNow);
    EXPECT_TRUE(job) << job.error().message;
    return job ? job->info.id : "";
  }
  VerifyJob verify(const VerifySpec& spec) {
    TestServer server(world_);
    const std::string id = start(server, spec);
    server.run_for(std::chrono::seconds{30});
    EXPECT_EQ(world_.broker.open_sources(), 0);
    return *server.manager().verify_job(id);
  }

  World world_;
  std::map<std::string, std::string> before_;
};

}  // namespace nats3::jobs
