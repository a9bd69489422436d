#include "cli/job_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "cli/cli_job_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(CliTest, AVerificationShowsWhatItFoundAsATable) {
  const Json finding{{"key", "S/a/b.zst"},
                     {"kind", "cut"},
                     {"detail", "messages 1 to 5: it was cut"},
                     {"cause", ""},
                     {"repaired", true}};
  const Json job{{"id", kId},
                 {"name", "scrub"},
                 {"status", "Success"},
                 {"progress", {{"chunks", 7}, {"findings", Json::array({finding})}}}};
  server_.answer_with(200, job.dump());
  EXPECT_EQ(run({"verify", "show", "--job-id", kId}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("progress.findings  1"));
  EXPECT_THAT(out(),
              ::testing::ContainsRegex("\ncut +yes +S/a/b.zst +messages 1 to 5: it was cut"));
  server_.answer_with(200, Json::array({job}).dump());
  EXPECT_EQ(run({"verify", "list"}), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr("DAMAGED"), HasSubstr("scrub")));
}

TEST_F(CliTest, ListIsATableOrJson) {
  server_.answer_with(200, Json::array({store_job()}).dump());
  EXPECT_EQ(run({"store", "list"}), 0);
  EXPECT_EQ(out(),
            "ID                                    NAME   STATUS   STREAM  SUBJECT    BUCKET     "
            "MESSAGES  LAG\n"
            "7f6e3c9e-5f2b-4c58-9f3a-000000000001  job-1  Running  jobs    subject-1  bucket-1  "
            "1,234,567    3\n");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--output", "json", "store", "list"},
        {"store", "--output=json", "list"},
        {"store", "list", "--output", "json"}}) {
    EXPECT_EQ(run(arguments), 0);
    EXPECT_EQ(out(), Json::array({store_job()}).dump(2) + "\n");
    EXPECT_THAT(err(), IsEmpty());
  }
}

TEST_F(CliTest, WhatAJobWaitsForIsSaidBelowTheTable) {
  Json job = store_job();
  job["last_error"] = "NATS can't\nbe reached";
  server_.answer_with(200, Json::array({job}).dump());
  EXPECT_EQ(run({"store", "list"}), 0);
  EXPECT_THAT(out(), HasSubstr("\njob-1 waits: NATS can't be reached\n"));
}

TEST_F(CliTest, WhatAStoreJobMissedIsSaidBelowTheTable) {
  Json job = store_job();
  job["progress"]["unseen"] = 4'000;
  server_.answer_with(200, Json::array({job}).dump());
  EXPECT_EQ(run({"store", "list"}), 0);
  EXPECT_THAT(out(), HasSubstr("\njob-1: up to 4,000 messages left the stream before they were "
                               "archived\n"));
}

TEST_F(CliTest, AnEmptyListSaysWhatToDo) {
  server_.answer_with(200, "[]");
  EXPECT_EQ(run({"load", "list"}), 0);
  EXPECT_THAT(out(), HasSubstr("nats3 load create"));
  EXPECT_EQ(run({"load", "list", "--output", "json"}), 0);
  EXPECT_EQ(out(), "[]\n");
}

TEST_F(CliTest, ColorsOnlyOnATerminalAndNeverWithNoColor) {
  server_.answer_with(200, Json::array({store_job()}).dump());
  run({"store", "list"});
  EXPECT_THAT(out(), Not(HasSubstr("\x1b")));
  io_.out_is_terminal = true;
  run({"store", "list"});
  EXPECT_THAT(out(), HasSubstr("\x1b[33mRunning"));
  io_.environment["NO_COLOR"] = "1";
  run({"store", "list"});
  EXPECT_THAT(out(), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace nats3::cli
