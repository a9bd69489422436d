// `wait` and `--wait`, against a server that answers as told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/watch_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class WaitTest : public JobsFixture {};

TEST_F(WaitTest, ForALoadIsUntilItHasEnded) {
  answers_one(load_job("Created", 0));
  answers_one(load_job("Running", 1000));
  answers_one(load_job("Success", 2000));
  EXPECT_EQ(run({"load", "wait", "--job-id", kLoadId}), 0) << err();
  EXPECT_EQ(out(), "Replayed by load job " + kLoadId + ": 2,000 messages\n");
  EXPECT_THAT(err(), IsEmpty());
}

TEST_F(WaitTest, ALoadThatFoundNothingSaysWhereToLook) {
  Json job = load_job("Success", 0);
  job.update({{"bucket", "b"}, {"read_stream", "S"}, {"prefix", "p/q"}});
  answers_one(job);
  EXPECT_EQ(run({"load", "wait", "--job-id", kLoadId}), 0) << err();
  EXPECT_EQ(
      out(),
      "Replayed by load job " + kLoadId +
          ": 0 messages; nothing that is archived matches what was asked "
          "for: 'nats3 archive show --bucket b --stream S --prefix p/q' tells what there is\n");
}

TEST_F(WaitTest, ALoadThatSkippedChunksSaysSo) {
  for (const int messages : {0, 2000}) {
    Json job = load_job("Success", messages);
    job["progress"]["skipped_chunks"] = 3;
    answers_one(job);
    EXPECT_EQ(run({"load", "wait", "--job-id", kLoadId}), 0) << err();
    EXPECT_THAT(out(), EndsWith("messages; damaged or missing chunks that were skipped: 3\n"));
  }
}

TEST_F(WaitTest, AVerificationIsUntilItHasEnded) {
  answers_one(verify_job("Running", 1, 0));
  answers_one(verify_job("Success", 1, 1));
  EXPECT_EQ(run({"verify", "wait", "--job-id", kVerifyId}), 0) << err();
  EXPECT_EQ(out(), "Verified by verify job " + kVerifyId +
                       ": 2,000 messages; damaged or missing: 1, made whole: 1\n");
}

TEST_F(WaitTest, SaysWhyItCantEnd) {
  Json job = load_job("Failure", 1);
  job["last_error"] = "chunk 7 is damaged";
  answers_one(job);
  answers_one(load_job("Paused", 1));
  job = load_job("Running", 1);
  job["poll_interval"] = {{"secs", 30}, {"nanos", 0}};
  answers_one(job);
  EXPECT_EQ(run({"load", "wait", "--job-id", kLoadId}), 1);
  EXPECT_THAT(err(),
              AllOf(HasSubstr("chunk 7 is damaged"), HasSubstr("load resume --job-id " + kLoadId)));
  EXPECT_EQ(run({"load", "wait", "--job-id", kLoadId}), 1);
  EXPECT_THAT(err(), HasSubstr("is paused"));
  EXPECT_EQ(run({"load", "wait", "--job-id", kLoadId}), 1);
  EXPECT_THAT(err(), HasSubstr("never ends"));
}

TEST_F(WaitTest, ForAStoreIsUntilWhatWasThereIsArchived) {
  // A stream that is written to all the time always lags a little.
  for (const auto& [messages, lag] : {std::pair{0, 100}, {60, 80}, {99, 70}, {100, 90}}) {
    answers_one(store_job(messages, lag));
  }
  EXPECT_EQ(run({"store", "wait", "--job-id", kStoreId}), 0) << err();
  EXPECT_EQ(out(), "Archived by store job " + kStoreId + ": 100 messages\n");
}

TEST_F(WaitTest, ForAStoreTellsWhatItMissedAndThatThereWasNothing) {
  Json job = store_job(10, 0);
  job["progress"]["unseen"] = 4'000;
  answers_one(job);
  EXPECT_EQ(run({"store", "wait", "--job-id", kStoreId}), 0) << err();
  EXPECT_EQ(out(), "Archived by store job " + kStoreId +
                       ": 10 messages; up to 4,000 left the stream before they were archived\n");
  answers_one(store_job(0, 0));
  answers_one(store_job(0, 0));
  EXPECT_EQ(run({"store", "wait", "--job-id", kStoreId}), 0) << err();
  EXPECT_EQ(out(), "Archived by store job " + kStoreId +
                       ": 0 messages; the stream has none of its subject that isn't archived\n");
}

TEST_F(WaitTest, ForAStoreGoesOnWhileItsLagIsUnknown) {
  Json job = store_job(0, 0);
  job["progress"]["lag"] = nullptr;
  answers_one(job);
  answers_one(store_job(0, 10));
  answers_one(store_job(10, 0));
  EXPECT_EQ(run({"store", "wait", "--job-id", kStoreId}), 0) << err();
  EXPECT_EQ(out(), "Archived by store job " + kStoreId + ": 10 messages\n");
}

// Another server may tell for seconds what a dead one has put on record.
TEST_F(WaitTest, AsksTheServerThatWorksAtAStore) {
  answers_one(store_job(0, 10));
  answers_one(store_job(10, 0));
  EXPECT_EQ(run({"store", "wait", "--job-id", kStoreId}), 0) << err();
  EXPECT_EQ(server_.last().get_param_value("fresh"), "true");
}

// What was published just before may not have reached the job.
TEST_F(WaitTest, DoesntTakeTheFirstLagOfNothingForTheEnd) {
  answers_one(store_job(5, 0));
  answers_one(store_job(5, 10));
  answers_one(store_job(15, 0));
  EXPECT_EQ(run({"store", "wait", "--job-id", kStoreId}), 0) << err();
  EXPECT_EQ(out(), "Archived by store job " + kStoreId + ": 15 messages\n");
}

TEST_F(WaitTest, SaysWhyTheJobWaitsOnceForEachReason) {
  Json job = load_job("Running", 1000);
  for (const char* reason : {"bucket is away", "bucket is away", "NATS is away"}) {
    job["last_error"] = reason;
    answers_one(job);
  }
  answers_one(load_job("Success", 2000));
  EXPECT_EQ(run({"load", "wait", "--job-id", kLoadId}), 0) << err();
  EXPECT_EQ(err(), "nats3: load job " + kLoadId +
                       " waits: bucket is away\n"
                       "nats3: load job " +
                       kLoadId + " waits: NATS is away\n");
}

TEST_F(WaitTest, GivesUpAfterItsTimeoutAndSaysHowItGoesOn) {
  Json job = store_job(0, 100);
  job["last_error"] = "bucket is away";
  answers_one(job);
  EXPECT_EQ(run({"store", "wait", "--job-id", kStoreId, "--timeout", "120ms"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("not done within 120ms"), HasSubstr("bucket is away"),
                           HasSubstr("nats3 store wait --job-id " + kStoreId)));
}

TEST_F(WaitTest, CreateWithWaitPrintsTheJobAsItEnded) {
  server_.then("POST /api/v1/load/job", 200, load_job("Created", 0).dump());
  answers_one(load_job("Running", 1000));
  answers_one(load_job("Success", 2000));
  const std::vector<std::string> create = {
      "load",           "create", "--bucket",        "b", "--read-stream", "S",
      "--read-subject", "a",      "--write-subject", "w"};
  auto waiting = create;
  waiting.insert(waiting.end(), {"--wait", "--output", "json"});
  EXPECT_EQ(run(waiting), 0) << err();
  EXPECT_EQ(parse_json(out()), load_job("Success", 2000));
  EXPECT_FALSE(server_.posted()[0].contains("wait"));
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--timeout", "5s"},
                                                {"--wait", "--timeout", "soon"},
                                                {"--wait", "--paused"},
                                                {"--wait", "--poll-interval", "5s"}}) {
    auto arguments = create;
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(run(arguments), 2) << wrong.back();
  }
  EXPECT_THAT(server_.posted(), ::testing::SizeIs(1));
}

TEST_F(WaitTest, ProgressOfWaitingGoesToStandardErrorOnATerminal) {
  io_.err_is_terminal = true;
  answers_one(load_job("Running", 1000));
  answers_one(load_job("Success", 2000));
  EXPECT_EQ(run({"load", "wait", "--job-id", kLoadId}), 0);
  EXPECT_THAT(err(), HasSubstr("Running, 50%, 1,000 of 2,000 messages"));
  EXPECT_EQ(screen_after(err()), "\n");
}

}  // namespace
}  // namespace nats3::cli
