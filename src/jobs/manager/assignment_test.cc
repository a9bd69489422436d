#include "jobs/manager/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Assignment, OneServerTakesWhatNobodyHolds) {
  const Plan plan = plan_assignment({{"b", ""}, {"a", "dead"}, {"c", "me"}}, {"me"}, "me");
  EXPECT_THAT(plan.claim, ElementsAre("a", "b"));
  EXPECT_THAT(plan.release, IsEmpty());
}

TEST(Assignment, WithoutALeaseNothingIsTaken) {
  EXPECT_THAT(plan_assignment({{"a", ""}}, {}, "me").claim, IsEmpty());
  EXPECT_THAT(plan_assignment({{"a", ""}}, {"other"}, "me").claim, IsEmpty());
}

TEST(Assignment, AServerThatComesGetsItsShare) {
  const std::vector<AssignedJob> jobs{{"a", "old"}, {"b", "old"}, {"c", "old"}, {"d", "old"}};
  EXPECT_THAT(plan_assignment(jobs, {"new", "old"}, "old").release, ElementsAre("d", "c"));
  EXPECT_THAT(plan_assignment(jobs, {"new", "old"}, "new").claim, IsEmpty());
}

TEST(Assignment, ADifferenceOfOneIsLeftAlone) {
  const std::vector<AssignedJob> jobs{{"a", "x"}, {"b", "x"}, {"c", "y"}};
  EXPECT_THAT(plan_assignment(jobs, {"x", "y"}, "x").release, IsEmpty());
}

// Whatever servers come and go: when each has done what it plans, every job has one holder, and all
// hold as many, give or take one; and then nothing moves any more.
RC_GTEST_PROP(AssignmentProperty, ComesToRestEvenly, ()) {
  const auto server_count = *rc::gen::inRange(1, 6);
  const auto job_count = *rc::gen::inRange(0, 40);
  std::vector<std::string> servers;
  for (int i = 0; i < server_count; ++i) {
    servers.push_back("server" + std::to_string(i));
  }
  std::map<std::string, std::string> holders;
  for (int i = 0; i < job_count; ++i) {
    const int holder = *rc::gen::inRange(-2, server_count + 1);
    holders["job" + std::to_string(i)] = holder < 0 ? "" : "server" + std::to_string(holder);
  }
  int rounds = 0;
  for (bool moved = true; moved; ++rounds) {
    RC_ASSERT(rounds < 5);
    moved = false;
    std::vector<AssignedJob> jobs;
    for (const auto& [id, holder] : holders) {
      jobs.push_back({id, holder});
    }
    for (const std::string& server : servers) {
      const Plan plan = plan_assignment(jobs, servers, server);
      for (const auto& id : plan.claim) {
        moved = true;
        RC_ASSERT(std::ranges::find(servers, holders[id]) == servers.end());
        holders[id] = server;
      }
      for (const auto& id : plan.release) {
        moved = true;
        RC_ASSERT(holders[id] == server);
        holders[id] = "";
      }
    }
  }
  std::map<std::string, std::size_t> counts;
  for (const std::string& server : servers) {
    counts[server] = 0;
  }
  for (const auto& [id, holder] : holders) {
    RC_ASSERT(counts.contains(holder));
    ++counts[holder];
  }
  for (const auto& [server, count] : counts) {
    RC_ASSERT(count >= static_cast<std::size_t>(job_count / server_count));
    RC_ASSERT(count <= static_cast<std::size_t>((job_count + server_count - 1) / server_count));
  }
}

}  // namespace
}  // namespace nats3::jobs
