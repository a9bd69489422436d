// The command line as a whole, against a server that records what it's asked and answers as told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "cli/cli_testing.h"
#include "cli/client.h"
#include "cli/job_fields.h"
#include "cli/user_config.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kId = "7f6e3c9e-5f2b-4c58-9f3a-000000000001";

Json store_job() {
  return {{"id", kId},
          {"name", "job-1"},
          {"status", "Running"},
          {"stream", "jobs"},
          {"consumer", nullptr},
          {"subject", "subject-1"},
          {"bucket", "bucket-1"},
          {"prefix", nullptr},
          {"progress", {{"messages", 1234567}, {"lag", 3}}},
          {"last_error", nullptr}};
}

class CliTest : public CliFixture {
 protected:
  CliTest() { server_.answer_with(200, store_job().dump()); }

  std::string config_path() { return (home_ / ".config/nats3/config.toml").string(); }
};

// The public README's two commands, as the shell passes them on when nothing follows the backslash.
TEST_F(CliTest, TheReadmesStoreCreate) {
  EXPECT_EQ(run({"store", "create", "--name", "job-1", "--stream", "jobs", "--subject",
                 "subjects-1", "--bucket", "bucket-1", "\\"}),
            0)
      << err();
  EXPECT_EQ(server_.last().method, "POST");
  EXPECT_EQ(server_.last().path, "/api/v1/store/job");
  EXPECT_EQ(server_.last().get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(sent(), (Json{{"name", "job-1"},
                          {"stream", "jobs"},
                          {"subject", "subjects-1"},
                          {"bucket", "bucket-1"}}));
  EXPECT_THAT(out(), AllOf(HasSubstr("Created the store job"), HasSubstr(kId),
                           HasSubstr("nats3 store show --job-id ")));
  EXPECT_THAT(err(), IsEmpty());
}

TEST_F(CliTest, TheReadmesLoadCreate) {
  EXPECT_EQ(run({"load", "create", "--bucket", "bucket-1", "--read-stream", "jobs",
                 "--read-subject", "subject-1", "--write-subject", "destination"}),
            0)
      << err();
  EXPECT_EQ(server_.last().path, "/api/v1/load/job");
  EXPECT_EQ(sent(), (Json{{"bucket", "bucket-1"},
                          {"read_stream", "jobs"},
                          {"read_subject", "subject-1"},
                          {"write_subject", "destination"}}));
}

TEST_F(CliTest, EveryFlagOfStoreCreate) {
  EXPECT_EQ(run({"store",
                 "create",
                 "--name",
                 "n",
                 "--stream",
                 "s",
                 "--subject",
                 "a.>",
                 "--bucket",
                 "bbb",
                 "--prefix",
                 "p",
                 "--consumer",
                 "c",
                 "--batch-max-bytes",
                 "1000000",
                 "--batch-max-count=1000",
                 "--batch-max-wait",
                 "250ms",
                 "--codec",
                 "json",
                 "--adopt-consumer",
                 "s__",
                 "--paused"}),
            0)
      << err();
  EXPECT_EQ(sent(), (Json{{"name", "n"},
                          {"adopt_consumer", "s__"},
                          {"paused", true},
                          {"stream", "s"},
                          {"subject", "a.>"},
                          {"bucket", "bbb"},
                          {"prefix", "p"},
                          {"consumer", "c"},
                          {"batch",
                           {{"max_bytes", 1000000},
                            {"max_count", 1000},
                            {"max_wait", {{"secs", 0}, {"nanos", 250000000}}}}},
                          {"encoding", {{"codec", "json"}}}}));
}

TEST_F(CliTest, EveryFlagOfVerifyCreate) {
  EXPECT_EQ(run({"verify", "create", "--name", "n", "--bucket", "bbb", "--prefix", "p", "--stream",
                 "s", "--rate", "1000", "--no-repair", "--paused"}),
            0)
      << err();
  EXPECT_EQ(server_.last().path, "/api/v1/verify/job");
  EXPECT_EQ(sent(), (Json{{"name", "n"},
                          {"bucket", "bbb"},
                          {"prefix", "p"},
                          {"stream", "s"},
                          {"rate", 1000},
                          {"repair", false},
                          {"paused", true}}));
  EXPECT_EQ(run({"verify", "create", "--bucket", "bbb"}), 2);
  EXPECT_THAT(err(), HasSubstr("--stream"));
}

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

TEST_F(CliTest, EveryFlagOfLoadCreate) {
  EXPECT_EQ(run({"load",
                 "create",
                 "--name",
                 "n",
                 "--bucket",
                 "bbb",
                 "--prefix",
                 "p",
                 "--read-stream",
                 "s",
                 "--read-consumer",
                 "c",
                 "--read-subject",
                 "a.*",
                 "--write-subject",
                 "b.{{wildcard(1)}}",
                 "--poll-interval",
                 "5m",
                 "--delete-chunks",
                 "--from-time",
                 "2024-12-14T10:30:00Z",
                 "--to-time",
                 "2024-12-14T18:00:00Z",
                 "--on-corrupt",
                 "skip",
                 "--no-origin-headers",
                 "--strict",
                 "--paused"}),
            0)
      << err();
  EXPECT_EQ(sent(), (Json{{"name", "n"},
                          {"paused", true},
                          {"bucket", "bbb"},
                          {"prefix", "p"},
                          {"read_stream", "s"},
                          {"read_consumer", "c"},
                          {"read_subject", "a.*"},
                          {"write_subject", "b.{{wildcard(1)}}"},
                          {"poll_interval", {{"secs", 300}, {"nanos", 0}}},
                          {"delete_chunks", true},
                          {"from_time", "2024-12-14T10:30:00Z"},
                          {"to_time", "2024-12-14T18:00:00Z"},
                          {"on_corrupt", "skip"},
                          {"origin_headers", false},
                          {"strict", true}}));
}

TEST_F(CliTest, NegativeNumbersReachTheServerWhichSaysWhatIsWrong) {
  server_.answer_with(400, R"({"error":"batch.max_count: must be a whole number"})");
  EXPECT_EQ(run({"store", "create", "--name", "n", "--stream", "s", "--subject", "a", "--bucket",
                 "bbb", "--batch-max-count", "-5"}),
            1);
  EXPECT_EQ(sent()["batch"]["max_count"], -5);
  EXPECT_EQ(err(), "nats3: batch.max_count: must be a whole number\n");
  EXPECT_THAT(out(), IsEmpty());
}

TEST_F(CliTest, MissingFlagsAreAllNamed) {
  EXPECT_EQ(run({"store", "create", "--name", "n", "--subject", "a"}), 2);
  EXPECT_THAT(err(), AllOf(HasSubstr("store create needs --stream, --bucket"),
                           HasSubstr("--from-json"), HasSubstr("Help: nats3 store create --help")));
  EXPECT_EQ(server_.last().path, "");
}

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

TEST_F(CliTest, AnEmptyListSaysWhatToDo) {
  server_.answer_with(200, "[]");
  EXPECT_EQ(run({"load", "list"}), 0);
  EXPECT_THAT(out(), HasSubstr("nats3 load create"));
  EXPECT_EQ(run({"load", "list", "--output", "json"}), 0);
  EXPECT_EQ(out(), "[]\n");
}

TEST_F(CliTest, PauseResumeDeleteAndShowNameTheJob) {
  EXPECT_EQ(run({"store", "pause", "--job-id", kId}), 0);
  EXPECT_EQ(server_.last().method, "POST");
  EXPECT_EQ(server_.last().target, std::string("/api/v1/store/job/pause?job_id=") + kId);
  EXPECT_THAT(out(), StartsWith("Paused store job"));
  EXPECT_EQ(run({"verify", "delete", "--job-id", kId}), 0);
  EXPECT_EQ(server_.last().path, "/api/v1/verify/job");
  EXPECT_THAT(out(), HasSubstr("the archive stays as it is"));
  EXPECT_EQ(run({"load", "resume", "--job-id", kId}), 0);
  EXPECT_EQ(server_.last().path, "/api/v1/load/job/resume");
  EXPECT_EQ(run({"store", "show", "--job-id", kId}), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr("progress.messages"), HasSubstr("1234567")));
  EXPECT_EQ(run({"store", "pause", "--job-id", kId, "--output", "json"}), 0);
  EXPECT_EQ(parse_json(out()), store_job());
  server_.answer_with(200, "");
  EXPECT_EQ(run({"load", "delete", "--job-id", kId}), 0);
  EXPECT_EQ(server_.last().method, "DELETE");
  EXPECT_THAT(out(), HasSubstr("stays"));
}

TEST_F(CliTest, AnIdIsEncodedIntoTheUrl) {
  server_.answer_with(400, R"({"error":"not a UUID"})");
  EXPECT_EQ(run({"store", "pause", "--job-id", "a&b=c d/ü"}), 1);
  EXPECT_EQ(server_.last().get_param_value("job_id"), "a&b=c d/ü");
}

TEST_F(CliTest, FromJsonTakesAFileOrStandardInput) {
  const std::string file = write("job.json", "{\"name\": \"x\", \"bucket\": \"bbb\",}");
  EXPECT_EQ(
      run({"store", "create", "--from-json", file, "--name", "other", "--batch-max-count", "5"}), 0)
      << err();
  EXPECT_EQ(sent(), (Json{{"name", "other"}, {"bucket", "bbb"}, {"batch", {{"max_count", 5}}}}));
  EXPECT_EQ(run({"load", "create", "--from-json", "-"}, R"({"anything": 1})"), 0) << err();
  EXPECT_EQ(sent(), (Json{{"anything", 1}}));
}

TEST_F(CliTest, FromJsonSaysWhereTheFileIsWrong) {
  EXPECT_EQ(run({"store", "create", "--from-json", write("a.json", "{\n x")}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("a.json"), HasSubstr("line 2, column 2")));
  EXPECT_EQ(run({"store", "create", "--from-json", write("a.json", "[]")}), 1);
  EXPECT_THAT(err(), HasSubstr("must hold one JSON object"));
  EXPECT_EQ(run({"store", "create", "--from-json", "/no/such/file"}), 1);
  EXPECT_THAT(err(), HasSubstr("can't be read"));
  EXPECT_EQ(run({"store", "create", "--from-json", write("a.json", R"({"batch": 5})"),
                 "--batch-max-count", "5"}),
            1);
  EXPECT_THAT(err(), HasSubstr("no place"));
}

TEST_F(CliTest, InteractiveAsksForWhatIsMissing) {
  EXPECT_EQ(run({"store", "create", "-i", "--name", "given"},
                "jobs\n\n\nsubject-1\nbucket-1\n\nmany\n5\n\n3s\njson\n"),
            0)
      << err();
  // The empty line after the optional consumer is the subject, which is needed: asked again.
  EXPECT_EQ(sent(), (Json{{"name", "given"},
                          {"stream", "jobs"},
                          {"subject", "subject-1"},
                          {"bucket", "bucket-1"},
                          {"batch", {{"max_bytes", 5}, {"max_wait", {{"secs", 3}, {"nanos", 0}}}}},
                          {"encoding", {{"codec", "json"}}}}));
  EXPECT_THAT(err(), AllOf(HasSubstr("Stream: "), HasSubstr("This one is needed"),
                           HasSubstr("'many' is not a whole number"), Not(HasSubstr("Job name"))));
}

TEST_F(CliTest, InteractiveForAnId) {
  EXPECT_EQ(run({"load", "pause", "--interactive"}, std::string(kId) + "\n"), 0);
  EXPECT_EQ(server_.last().get_param_value("job_id"), kId);
  EXPECT_EQ(run({"load", "pause", "-i"}, ""), 1);
  EXPECT_THAT(err(), HasSubstr("input ended"));
}

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
  std::ifstream file(config_path());
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_THAT(text, AllOf(HasSubstr("server_url = "), HasSubstr("http://localhost:8080"),
                          HasSubstr("output_format = ")));
  EXPECT_EQ(run({"config", "set", "output-format", "json"}), 0);
  EXPECT_EQ(run({"config", "get", "output-format"}), 0);
  EXPECT_EQ(out(), "Json\n");
  EXPECT_EQ(run({"config", "get", "server-url"}), 0);
  EXPECT_EQ(out(), "http://localhost:8080\n");
  EXPECT_EQ(run({"store", "show", "--job-id", "x"}), 0);
  EXPECT_EQ(parse_json(out()), store_job());
}

TEST_F(CliTest, TheExistingCommandLinesConfigFileWorks) {
  std::filesystem::create_directories(home_ / ".config/nats3");
  std::ofstream(config_path()) << "server_url = \"" << server_.url()
                               << "\"\noutput_format = \"Json\"\n";
  io_.environment.erase("NATS3_SERVER_URL");
  EXPECT_EQ(run({"store", "show", "--job-id", "x"}), 0) << err();
  EXPECT_EQ(parse_json(out()), store_job());
}

TEST_F(CliTest, AMalformedConfigFileIsNamedWithItsPlace) {
  std::filesystem::create_directories(home_ / ".config/nats3");
  std::ofstream(config_path()) << "server_url = \n";
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("config.toml:1:"), HasSubstr("not TOML")));
  std::ofstream(config_path()) << "output_format = \"xml\"\n";
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_THAT(err(), HasSubstr("config.toml:1:17: output_format"));
}

TEST_F(CliTest, WithoutAHomeTheDefaultsHold) {
  io_.environment.erase("HOME");
  EXPECT_EQ(run({"store", "show", "--job-id", "x"}), 0) << err();
  EXPECT_EQ(run({"config", "set", "output-format", "json"}), 1);
  EXPECT_THAT(err(), HasSubstr("set HOME"));
}

TEST_F(CliTest, WrongConfigKeysAndValuesAreUsage) {
  EXPECT_EQ(run({"config", "get", "colour"}), 2);
  EXPECT_THAT(err(), HasSubstr("server-url or output-format"));
  EXPECT_EQ(run({"config", "set", "output-format", "xml"}), 2);
  EXPECT_EQ(run({"config", "set", "server-url", "not a url"}), 2);
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

TEST_F(CliTest, AFlagThatIsNotTextIsUsage) {
  EXPECT_EQ(run({"store", "create", "--name", "\xff", "--stream", "s", "--subject", "a", "--bucket",
                 "bbb"}),
            2);
  EXPECT_THAT(err(), HasSubstr("UTF-8"));
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

TEST(LongDuration, TakesTheUnitsPeopleKnow) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_long_duration("30s"), seconds{30});
  EXPECT_EQ(parse_long_duration("5sec"), seconds{5});
  EXPECT_EQ(parse_long_duration("1min"), seconds{60});
  EXPECT_EQ(parse_long_duration("1h 30min"), seconds{5'400});
  EXPECT_EQ(parse_long_duration("2 hours"), seconds{7'200});
  EXPECT_EQ(parse_long_duration("1day"), seconds{86'400});
  for (const char* bad : {"", "5", "s", "-5s", "5 parsecs", "5s!", "\xff"}) {
    EXPECT_FALSE(parse_long_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace nats3::cli
