#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli_job_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(CliTest, WrongUsageEndsWith2AndTheNearestWord) {
  EXPECT_EQ(run({"stoer", "list"}), 2);
  EXPECT_THAT(err(), HasSubstr("did you mean store?"));
  EXPECT_EQ(run({"store", "lits"}), 2);
  EXPECT_THAT(err(), HasSubstr("did you mean list?"));
  EXPECT_EQ(run({"store", "create", "--buckte", "x"}), 2);
  EXPECT_THAT(err(), HasSubstr("did you mean --bucket?"));
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"store"}), 2);
  EXPECT_THAT(err(), HasSubstr("a command is missing: list, create"));
  EXPECT_EQ(run({"store", "create", "--name"}), 2);
  EXPECT_EQ(run({"store", "list", "--output", "xml"}), 2);
  EXPECT_THAT(err(), HasSubstr("table or json"));
  EXPECT_EQ(run({"store", "pause"}), 2);
  EXPECT_THAT(err(), HasSubstr("--job-id is needed"));
  EXPECT_EQ(run({"load", "create", "--bucket", "b", "--read-stream", "s", "--read-subject", "a",
                 "--write-subject", "w", "--poll-interval", "often"}),
            2);
  EXPECT_THAT(err(), HasSubstr("--poll-interval: 'often' is not a duration"));
  EXPECT_EQ(run({"store", "create", "--name", "n", "--stream", "s", "--subject", "a", "--bucket",
                 "bbb", "--codec", "xml"}),
            2);
  EXPECT_THAT(err(), HasSubstr("--codec: 'xml' is not a codec: json, bin or binary"));
  EXPECT_EQ(run({"--server", "ftp://x", "store", "list"}), 2);
  EXPECT_THAT(out(), IsEmpty());
}

TEST_F(CliTest, NothingBehindAnEqualsSignIsAnEmptyValueAndNotTheNextFlag) {
  ASSERT_EQ(run({"store", "create", "--name=n", "--stream=s", "--subject=a=", "--bucket=b",
                 "--prefix=", "--paused"}),
            0)
      << err();
  EXPECT_EQ(sent()["paused"], true);
  EXPECT_EQ(sent()["subject"], "a=");
  EXPECT_TRUE(sent().value("prefix", "").empty());
}

TEST_F(CliTest, HelpAndVersionGoToStandardOutput) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out(), "nats3 1.2.3\n");
  program_ = "nats3-server";
  EXPECT_EQ(run({"-V"}), 0);
  EXPECT_EQ(out(), "nats3 1.2.3\n");
  program_ = "nats3";
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr("serve"), HasSubstr("store"), HasSubstr("Exit codes")));
  EXPECT_EQ(run({"load", "create", "--help"}), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr("--poll-interval"), HasSubstr("--write-subject")));
  EXPECT_THAT(err(), IsEmpty());
}

TEST_F(CliTest, OutputThatCannotBeWrittenIsAFailure) {
  std::ofstream full("/dev/full");
  Io io{.in = in_, .out = full, .err = err_, .environment = {}};
  EXPECT_EQ(cli::run({"nats3", "--help"}, {.io = io, .version = "1", .serve = serve_}), 1);
  EXPECT_THAT(err(), HasSubstr("written"));
}

TEST_F(CliTest, HelpIsACommandToo) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"help", "load", "create"}, {"load", "help", "create"}}) {
    EXPECT_EQ(run(arguments), 0) << err();
    EXPECT_THAT(out(), HasSubstr("--write-subject"));
  }
  EXPECT_EQ(run({"help"}), 0);
  EXPECT_THAT(out(), HasSubstr("Exit codes"));
  EXPECT_EQ(run({"config", "set", "server-url", "help"}), 0) << err();
}

TEST_F(CliTest, HelpForACommandThatIsNotThereIsWrongUsage) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"help", "stroe"}, {"stroe", "--help"}}) {
    EXPECT_EQ(run(arguments), 2);
    EXPECT_THAT(err(), AllOf(HasSubstr("not known here: stroe"), HasSubstr("did you mean store?")));
    EXPECT_THAT(out(), IsEmpty());
  }
}

TEST_F(CliTest, ServeGetsItsArguments) {
  EXPECT_EQ(run({"serve", "-c", "/a.toml", "--check"}), 7);
  ASSERT_EQ(served_.size(), 1U);
  EXPECT_EQ(served_[0].config_file, "/a.toml");
  EXPECT_TRUE(served_[0].check);
}

TEST_F(CliTest, TheNameNats3ServerServes) {
  program_ = "/usr/local/bin/nats3-server";
  EXPECT_EQ(run({}), 7);
  EXPECT_EQ(run({"--config", "/b.yaml"}), 7);
  ASSERT_EQ(served_.size(), 2U);
  EXPECT_EQ(served_[0].config_file, std::nullopt);
  EXPECT_EQ(served_[1].config_file, "/b.yaml");
}

}  // namespace
}  // namespace nats3::cli
