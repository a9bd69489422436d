#include "cli/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli_job_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(CliTest, ErrorsOfTheServerAreShownAsTheyAre) {
  server_.answer_with(404, R"({"error":"job id x not found"})");
  EXPECT_EQ(run({"store", "show", "--job-id", "x", "--output", "json"}), 1);
  EXPECT_EQ(err(), "nats3: job id x not found\n");
  EXPECT_THAT(out(), IsEmpty());
}

TEST_F(CliTest, WhatIsNoNats3ServerIsSaid) {
  server_.answer_with(502, "<html>Bad Gateway</html>");
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("502"), HasSubstr("is the URL right?")));
  server_.answer_with(200, "<html>hello</html>");
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_THAT(err(), HasSubstr("is the URL right?"));
}

TEST_F(CliTest, NoServerSaysHowToStartOne) {
  EXPECT_EQ(run({"--server", "http://127.0.0.1:1", "store", "list"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("http://127.0.0.1:1"), HasSubstr("nats3 serve")));
}

TEST(ServerUrl, IsReadWithAndWithoutScheme) {
  EXPECT_EQ(parse_server_url("localhost:8080")->origin, "http://localhost:8080");
  EXPECT_EQ(parse_server_url("https://host/a/b/")->origin, "https://host");
  EXPECT_EQ(parse_server_url("https://host/a/b/")->path, "/a/b");
  EXPECT_EQ(parse_server_url("http://[::1]:8080")->origin, "http://[::1]:8080");
  EXPECT_TRUE(parse_server_url("http://[::1]"));
  for (const char* bad :
       {"", "http://", "ftp://host", "http://host:0", "http://host:99999", "http://host:x",
        "http://a b", "http://:80", "http://h?x", "http://u@h"}) {
    EXPECT_FALSE(parse_server_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace nats3::cli
