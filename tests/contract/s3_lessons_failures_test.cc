// Lessons of S3: errors, and connections that hang, end or lose answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/contract/s3_lessons.h"

namespace nats3::object {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;

TEST_F(S3Lessons, ASlowDownStormIsWaitedOutAndEachAttemptSignedAnew) {
  poison("PUT", "/bucket/key", answer_with(s3_error_answer(503, "SlowDown")), 5);
  EXPECT_TRUE(retrying_store()->put("key", "body"));
  EXPECT_EQ(server_.objects()["/bucket/key"], "body");
  std::set<std::string> dates;
  std::set<std::string> signatures;
  for (const ToxicRequest& request : server_.requests()) {
    if (request.is("PUT", "/bucket/key")) {
      dates.insert(request.headers.at("x-amz-date"));
      signatures.insert(request.headers.at("authorization"));
    }
  }
  EXPECT_EQ(dates.size(), 6U);
  EXPECT_EQ(signatures.size(), 6U);
}

TEST_F(S3Lessons, WhatMayHealIsUnavailableAndSaysWhatHappened) {
  for (const int status : {429, 500, 502, 503, 504}) {
    const Error error = error_of_get(answer_with({status, "<html>busy</html>", {}}));
    EXPECT_EQ(error.code, ErrorCode::kUnavailable) << status;
    EXPECT_THAT(error.message,
                AllOf(HasSubstr("getting 'bucket/key'"), HasSubstr(std::to_string(status))));
  }
}

TEST_F(S3Lessons, ADeniedRequestIsNotRetriedAndSaysWhatToDo) {
  poison("PUT", "/bucket/key", answer_with(s3_error_answer(403, "AccessDenied")));
  const auto result = retrying_store()->put("key", "body");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDenied);
  EXPECT_THAT(result.error().message,
              AllOf(HasSubstr("putting 'bucket/key'"), HasSubstr("403 AccessDenied"),
                    HasSubstr("made up"), HasSubstr("give the access key the right")));
  EXPECT_EQ(server_.count("PUT", "/bucket/key"), 1);
}

TEST_F(S3Lessons, AMissingBucketIsSaidNotRetried) {
  poison("PUT", "/bucket/key", answer_with(s3_error_answer(404, "NoSuchBucket")));
  const auto result = retrying_store()->put("key", "body");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message, HasSubstr("create the bucket"));
}

// A proxy's 404 page while its S3 is down must not make an object missing.
TEST_F(S3Lessons, A404ThatIsNotOfS3IsUnavailable) {
  const Error error = error_of_get(answer_with({404, "default backend - 404", {}}));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("not S3"));
}

TEST_F(S3Lessons, AHungRequestEndsAtTheHardDeadline) {
  options_.http.attempt_timeout = milliseconds{300};
  const Error error = error_of_get({Kind::kHang, {}, 0});
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("timed out"));
}

TEST_F(S3Lessons, AHungRequestIsRetriedOnAnotherConnection) {
  options_.http.attempt_timeout = milliseconds{300};
  poison("PUT", "/bucket/key", {Kind::kHang, {}, 0}, 2);
  EXPECT_TRUE(retrying_store()->put("key", "body"));
  EXPECT_EQ(server_.objects()["/bucket/key"], "body");
}

TEST_F(S3Lessons, AResetConnectionIsUnavailable) {
  EXPECT_EQ(error_of_get({Kind::kReset, {}, 0}).code, ErrorCode::kUnavailable);
}

TEST_F(S3Lessons, ACutAnswerIsUnavailableNotAShortObject) {
  for (const std::size_t bytes : {0, 1, 9}) {
    EXPECT_EQ(error_of_get({Kind::kCut, {}, bytes}).code, ErrorCode::kUnavailable) << bytes;
  }
}

TEST_F(S3Lessons, APutWhoseAnswerWasLostDidHappenAndIsRepeatedWithoutHarm) {
  poison("PUT", "/bucket/key", {Kind::kLoseAnswer, {}, 0}, 3);
  EXPECT_TRUE(retrying_store()->put("key", "body"));
  EXPECT_EQ(server_.objects()["/bucket/key"], "body");
}

TEST_F(S3Lessons, AServerThatIsAwayIsUnavailable) {
  options_.endpoint = "http://127.0.0.1:1";
  const auto opened = make_s3_provider(options_)->open("bucket", IfMissing::kFail);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(opened.error().message,
              AllOf(HasSubstr("opening the bucket 'bucket'"), HasSubstr("is the server up")));
}

TEST_F(S3Lessons, AnEndlessErrorTextDoesNotHideTheStatus) {
  const Error error = error_of_get(answer_with({503, std::string(5 << 20, 'x'), {}}));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_LT(error.message.size(), 1000U);
}

}  // namespace
}  // namespace nats3::object
