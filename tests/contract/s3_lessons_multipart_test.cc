// Lessons of S3: uploads in parts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/contract/s3_lessons.h"

namespace nats3::object {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class S3MultipartLessons : public S3Lessons {
 protected:
  void SetUp() override {
    S3Lessons::SetUp();
    options_.multipart_above_bytes = 1 << 20;
    options_.part_bytes = 5 << 20;
  }
  const std::string body_ = std::string(6 << 20, 'a') + std::string(5 << 20, 'b') + "c";
};

TEST_F(S3MultipartLessons, ALargeObjectGoesInParts) {
  ASSERT_TRUE(store().put("key", body_));
  EXPECT_EQ(server_.count("PUT", "partNumber="), 3);
  EXPECT_EQ(server_.objects()["/bucket/key"], body_);
  EXPECT_EQ(server_.open_uploads(), 0U);
  for (const ToxicRequest& request : server_.requests()) {
    EXPECT_EQ(request.body.empty(), !request.headers.contains("content-md5")) << request.target;
  }
}

TEST_F(S3MultipartLessons, A200WithAnErrorInsideIsAFailure) {
  poison("POST", "uploadId=", answer_with(s3_error_answer(200, "InternalError")), 1);
  const auto result = store().put("key", body_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("completing"), HasSubstr("InternalError")));
  EXPECT_EQ(server_.open_uploads(), 0U);
  EXPECT_TRUE(retrying_store()->put("key", body_));
  EXPECT_EQ(server_.objects()["/bucket/key"], body_);
}

TEST_F(S3MultipartLessons, A200ThatDoesNotSayThatItWasDoneIsAFailure) {
  poison("POST", "uploadId=", answer_with({200, "", {}}));
  EXPECT_EQ(store().put("key", body_).error().code, ErrorCode::kUnavailable);
}

TEST_F(S3MultipartLessons, AFailedUploadIsAborted) {
  poison("PUT", "partNumber=2", answer_with(s3_error_answer(403, "AccessDenied")));
  EXPECT_EQ(store().put("key", body_).error().code, ErrorCode::kDenied);
  EXPECT_EQ(server_.open_uploads(), 0U);
  EXPECT_TRUE(server_.objects().empty());
}

TEST_F(S3MultipartLessons, AnAbortThatFailsIsRepeatedAtOnce) {
  store();
  server_.set_plan([aborts = 0](const ToxicRequest& request) mutable {
    if (request.is("PUT", "partNumber=2")) {
      return answer_with(s3_error_answer(503, "SlowDown"));
    }
    return request.is("DELETE", "uploadId=") && ++aborts == 1
               ? answer_with(s3_error_answer(500, "InternalError"))
               : Toxic{};
  });
  EXPECT_FALSE(store().put("key", body_));
  EXPECT_EQ(server_.open_uploads(), 0U);
}

TEST_F(S3MultipartLessons, AnAbortThatKeepsFailingIsRepeatedWithTheNextUpload) {
  store();
  server_.set_plan([](const ToxicRequest& request) {
    return request.is("PUT", "partNumber=2") || request.is("DELETE", "uploadId=")
               ? answer_with(s3_error_answer(503, "SlowDown"))
               : Toxic{};
  });
  EXPECT_FALSE(store().put("key", body_));
  EXPECT_EQ(server_.open_uploads(), 1U);
  server_.set_plan({});
  EXPECT_TRUE(store().put("key", body_));
  EXPECT_EQ(server_.open_uploads(), 0U);
}

TEST_F(S3MultipartLessons, ALostAnswerToTheCompletionIsRepeatedWithoutHarm) {
  poison("POST", "uploadId=", {Kind::kLoseAnswer, {}, 0}, 1);
  EXPECT_TRUE(retrying_store()->put("key", body_));
  EXPECT_EQ(server_.objects()["/bucket/key"], body_);
  EXPECT_EQ(server_.open_uploads(), 0U);
}

}  // namespace
}  // namespace nats3::object
