#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli_job_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kJobs = "GET /api/v1/store/jobs";

class JobIdTest : public CliTest {
 protected:
  static constexpr const char* kFirst = "7f6e3c9e-5f2b-4c58-9f3a-000000000001";
  static constexpr const char* kSecond = "7f6e3c9e-5f2b-4c58-9f3a-000000000002";
  static constexpr const char* kThird = "90000000-5f2b-4c58-9f3a-000000000003";

  void list(const std::vector<std::pair<std::string, std::string>>& jobs) {
    Json all = Json::array();
    for (const auto& [id, name] : jobs) {
      Json job = store_job();
      job["id"] = id;
      job["name"] = name;
      all.push_back(std::move(job));
    }
    server_.then(kJobs, 200, all.dump());
  }
  // The id that a pause of `named` is sent with; "" when none is.
  std::string paused(const std::string& named) {
    const int status = run({"store", "pause", "--job-id", named});
    return status == 0 ? server_.last().get_param_value("job_id") : "";
  }
};

TEST_F(JobIdTest, AWholeIdIsAskedOfNobody) {
  server_.then(kJobs, 500, R"({"error":"not needed"})");
  EXPECT_EQ(paused(kThird), kThird) << err();
}

TEST_F(JobIdTest, ItsFirstCharactersAreEnoughWhereTheyAreOnlyOnes) {
  list({{kFirst, "a"}, {kSecond, "b"}, {kThird, "c"}});
  EXPECT_EQ(paused("9"), kThird);
  EXPECT_EQ(paused("7f6e3c9e"), "");
  EXPECT_THAT(err(), AllOf(HasSubstr("2 store jobs are '7f6e3c9e'"), HasSubstr(kFirst),
                           HasSubstr(kSecond), Not(HasSubstr(kThird))));
}

TEST_F(JobIdTest, SoIsItsName) {
  list({{kFirst, "orders"}, {kSecond, "orders"}, {kThird, "7f6e"}});
  EXPECT_EQ(paused("7f6e"), kThird) << "the name comes first";
  EXPECT_EQ(paused("orders"), "");
  EXPECT_THAT(err(), HasSubstr("2 store jobs are 'orders'"));
}

TEST_F(JobIdTest, WhatIsNoJobsIsSaid) {
  list({{kFirst, "a"}});
  EXPECT_EQ(paused("b\x1b"), "");
  EXPECT_THAT(err(), AllOf(HasSubstr("no store job has the id or the name 'b"),
                           HasSubstr("nats3 store list"), Not(HasSubstr("\x1b"))));
  EXPECT_TRUE(server_.posted().empty());
}

TEST_F(JobIdTest, WaitAndWatchTakeItToo) {
  list({{kThird, "orders"}});
  EXPECT_EQ(run({"store", "wait", "--job-id", "orders", "--timeout", "1ms"}), 1);
  EXPECT_EQ(server_.last().get_param_value("job_id"), kThird);
  EXPECT_EQ(run({"store", "watch", "--job-id", "nothing"}), 1);
  EXPECT_THAT(err(), HasSubstr("no store job"));
}

}  // namespace
}  // namespace nats3::cli
