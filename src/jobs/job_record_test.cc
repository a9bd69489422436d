#include "jobs/job_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/job_json.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;

StoreRecord store_record() {
  StoreRecord record;
  record.job.info = {.id = "6b4fd0ac-0f6e-4a0a-8d3f-6a8a1df0a001",
                     .status = Status::kRunning,
                     .created = Timestamp{std::chrono::nanoseconds{1}},
                     .updated = Timestamp{std::chrono::nanoseconds{2}},
                     .last_error = "S3 is away",
                     .last_error_since = Timestamp{std::chrono::nanoseconds{3}}};
  record.job.spec = {.name = "n", .bucket = "bucket", .stream = "S", .subject = "s.>"};
  record.job.progress = {.messages = 4, .bytes = 5, .stored_bytes = 6, .chunks = 7};
  record.fence = 8;
  record.epoch = "20261124T010000.000000000Z";
  record.archived = 9;
  record.first_of_tail = 3;
  record.intents = {{.previous = 9, .first = 10, .last = 12, .count = 2}};
  return record;
}

TEST(JobRecord, StoreComesBackAsItWas) {
  const StoreRecord record = store_record();
  const auto read = parse_store_record(serialize(record));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->job.spec, record.job.spec);
  EXPECT_EQ(read->intents, record.intents);
  EXPECT_EQ(read->job.info.last_error_since, record.job.info.last_error_since);
  EXPECT_EQ(serialize(*read), serialize(record));
}

// Records of earlier releases don't have it, and they can read one that does.
TEST(JobRecord, KeepsWhoseAsksItAnswers) {
  StoreRecord record = store_record();
  EXPECT_EQ(serialize(record).find("told"), std::string::npos);
  EXPECT_EQ(parse_store_record(serialize(record))->told, "");
  record.told = " one two";
  EXPECT_EQ(parse_store_record(serialize(record))->told, " one two");
}

TEST(JobRecord, LoadComesBackAsItWas) {
  LoadRecord record;
  record.job.info = store_record().job.info;
  record.job.spec = {.name = "n",
                     .bucket = "bucket",
                     .read_stream = "S",
                     .read_subject = "s.>",
                     .write_subject = "{{subject}}",
                     .poll_interval = std::chrono::seconds{30},
                     .to_time = Timestamp{std::chrono::nanoseconds{77}},
                     .on_corrupt = OnCorrupt::kSkip};
  record.position = {"20261124T010000.000000000Z", 55, {{"s.>", 55}}};
  record.job.progress.messages = 12;
  EXPECT_EQ(parse_load_record(serialize(record))->target, std::nullopt);
  EXPECT_EQ(parse_load_record(serialize(record))->extent, std::nullopt);
  record.target = {"T", Timestamp{std::chrono::nanoseconds{78}}, 1234};
  record.extent = {
      .v1_second = 5, .epoch = "20261124T010000.000000000Z", .last_sequences = {{"s.>", 77}}};
  record.job.exactness = {Exactness::Kind::kWindow, "a reason"};
  const auto read = parse_load_record(serialize(record));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->target, record.target);
  EXPECT_EQ(read->extent, record.extent);
  EXPECT_EQ(read->job.exactness, record.job.exactness);
  EXPECT_EQ(read->job.spec, record.job.spec);
  EXPECT_EQ(read->position, record.position);
  EXPECT_EQ(serialize(*read), serialize(record));
}

TEST(JobRecord, KeepsALagOfNothingApartFromOneThatIsNotKnown) {
  StoreRecord record;
  record.job.info.id = "a";
  record.job.spec = {.name = "n", .bucket = "bucket", .stream = "S", .subject = "s"};
  EXPECT_EQ(parse_store_record(serialize(record))->job.progress.lag, std::nullopt);
  record.job.progress.lag = 0;
  EXPECT_EQ(parse_store_record(serialize(record))->job.progress.lag, 0U);
}

TEST(JobRecord, SaysWhatIsWrongWithAnUnreadableOne) {
  EXPECT_EQ(parse_store_record("{").error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(parse_store_record(R"({"version":1})").error().message, HasSubstr("info"));
  EXPECT_THAT(parse_store_record(R"({"version":2})").error().message, HasSubstr("newer nats3"));
  EXPECT_EQ(parse_load_record("[]").error().code, ErrorCode::kCorrupt);
}

TEST(VerifyRecord, IsReadAsItWasWritten) {
  VerifyRecord record;
  record.job.info.id = "00000000-0000-4000-8000-000000000001";
  record.job.spec = {.name = "v",
                     .bucket = "bucket",
                     .prefix = "p",
                     .stream = "S",
                     .from_time = Timestamp{std::chrono::nanoseconds{1}},
                     .to_time = Timestamp{std::chrono::nanoseconds{2}},
                     .rate = 7,
                     .repair = false};
  record.job.progress = {.messages = 1,
                         .bytes = 2,
                         .chunks = 3,
                         .damaged = 4,
                         .repaired = 5,
                         .overlaps = 6,
                         .gaps = 7,
                         .foreign = 8,
                         .last_key = "k",
                         .findings = {{.key = "k",
                                       .kind = catalog::FindingKind::kLyingIndex,
                                       .detail = "d",
                                       .cause = "c",
                                       .repaired = true}},
                         .rate = 9};
  record.fence = 3;
  record.position = {.key = "S/a%2Fb/\xff", .reached = 5, .reaching = {"a", "b"}};
  record.repairing = record.job.progress.findings;
  const auto read = parse_verify_record(serialize(record));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->job.spec, record.job.spec);
  EXPECT_EQ(read->job.progress, record.job.progress);
  EXPECT_EQ(read->position, record.position);
  EXPECT_EQ(read->repairing, record.repairing);
  EXPECT_EQ(read->fence, 3);
  EXPECT_FALSE(parse_verify_record(R"({"version": 1})"));
}

}  // namespace
}  // namespace nats3::jobs
