#include "cli/user_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/json.h"
#include "cli/cli_job_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Below the home directory.
constexpr const char* kFolder = ".config/nats3";
constexpr const char* kFile = ".config/nats3/config.toml";

TEST_F(CliTest, TheServerIsTheFlagsThenTheVariablesThenTheConfigured) {
  EXPECT_EQ(run({"config", "set", "server-url", "http://127.0.0.1:1"}), 0);
  EXPECT_EQ(run({"store", "list", "--server", server_.url()}), 0);
  EXPECT_EQ(run({"store", "list"}), 0) << err();  // the variable
  io_.environment.erase("NATS3_SERVER_URL");
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_EQ(run({"config", "set", "server-url", server_.url() + "/behind/proxy/"}), 0);
  EXPECT_EQ(run({"store", "list"}), 0) << err();
  EXPECT_EQ(server_.last().path, "/behind/proxy/api/v1/store/jobs");
}

TEST_F(CliTest, TheConfigFileIsMadeOnFirstUse) {
  EXPECT_EQ(run({"config", "show"}), 0);
  EXPECT_EQ(out(),
            "Current configuration:\n  server_url: http://localhost:8080\n  output_format: "
            "Table\n");
  EXPECT_THAT(read(kFile), AllOf(HasSubstr("server_url = "), HasSubstr("http://localhost:8080"),
                                 HasSubstr("output_format = ")));
  EXPECT_THAT(err(), HasSubstr("NATS3_SERVER_URL is set"));
  EXPECT_EQ(run({"config", "set", "output-format", "json"}), 0);
  EXPECT_EQ(run({"config", "get", "output-format"}), 0);
  EXPECT_EQ(out(), "Json\n");
  EXPECT_EQ(run({"config", "get", "server-url"}), 0);
  EXPECT_EQ(out(), "http://localhost:8080\n");
  EXPECT_EQ(run({"store", "show", "--job-id", "00000000-0000-4000-8000-000000000001"}), 0);
  EXPECT_EQ(parse_json(out()), store_job());
}

TEST_F(CliTest, TheExistingCommandLinesConfigFileWorks) {
  std::filesystem::create_directories(home_ / kFolder);
  write(kFile, "server_url = \"" + server_.url() + "\"\noutput_format = \"Json\"\n");
  io_.environment.erase("NATS3_SERVER_URL");
  EXPECT_EQ(run({"store", "show", "--job-id", "00000000-0000-4000-8000-000000000001"}), 0) << err();
  EXPECT_EQ(parse_json(out()), store_job());
}

TEST_F(CliTest, AMalformedConfigFileIsNamedWithItsPlace) {
  std::filesystem::create_directories(home_ / kFolder);
  write(kFile, "server_url = \n");
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("config.toml:1:"), HasSubstr("not TOML")));
  write(kFile, "output_format = \"xml\"\n");
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_THAT(err(), HasSubstr("config.toml:1:17: output_format"));
}

TEST_F(CliTest, WithoutAHomeTheDefaultsHold) {
  io_.environment.erase("HOME");
  EXPECT_EQ(run({"store", "show", "--job-id", "00000000-0000-4000-8000-000000000001"}), 0) << err();
  EXPECT_EQ(run({"config", "set", "output-format", "json"}), 1);
  EXPECT_THAT(err(), HasSubstr("set HOME"));
}

TEST_F(CliTest, WrongConfigKeysAndValuesAreUsage) {
  EXPECT_EQ(run({"config", "get", "colour"}), 2);
  EXPECT_THAT(err(), HasSubstr("server-url or output-format"));
  EXPECT_EQ(run({"config", "set", "output-format", "xml"}), 2);
  EXPECT_EQ(run({"config", "set", "server-url", "not a url"}), 2);
}

}  // namespace
}  // namespace nats3::cli
