// What commands about jobs ask the server for, from flags, files and answers to questions.
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
using ::testing::StartsWith;

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
                 "s", "--from-time", "2026-01-01T00:00:00Z", "--to-time", "2026-01-02T00:00:00Z",
                 "--rate", "1000", "--no-repair", "--paused"}),
            0)
      << err();
  EXPECT_EQ(server_.last().path, "/api/v1/verify/job");
  EXPECT_EQ(sent(), (Json{{"name", "n"},
                          {"bucket", "bbb"},
                          {"prefix", "p"},
                          {"stream", "s"},
                          {"from_time", "2026-01-01T00:00:00Z"},
                          {"to_time", "2026-01-02T00:00:00Z"},
                          {"rate", 1000},
                          {"repair", false},
                          {"paused", true}}));
  EXPECT_EQ(run({"verify", "create", "--bucket", "bbb"}), 2);
  EXPECT_THAT(err(), HasSubstr("--stream"));
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
                 "--no-message-ids",
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
                          {"strict", true},
                          {"message_ids", false}}));
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

TEST_F(CliTest, AJobThatIsDoneIsNotSaidToBeResumed) {
  Json job = store_job();
  job["status"] = "Success";
  server_.answer_with(200, job.dump());
  EXPECT_EQ(run({"load", "resume", "--job-id", job["id"].get<std::string>()}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("has ended in Success: there is nothing to resume"));
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
  const std::string id = "a&b=c d/ü and what else has as many bytes";
  EXPECT_EQ(run({"store", "pause", "--job-id", id}), 1);
  EXPECT_EQ(server_.last().get_param_value("job_id"), id);
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

TEST_F(CliTest, AFlagThatIsNotTextIsUsage) {
  EXPECT_EQ(run({"store", "create", "--name", "\xff", "--stream", "s", "--subject", "a", "--bucket",
                 "bbb"}),
            2);
  EXPECT_THAT(err(), HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace nats3::cli
