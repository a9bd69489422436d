#include "object/s3/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::object {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

ErrorCode code_of(int status, const std::string& s3_code) {
  return s3_error("getting 'b/k'", status, {s3_code, "", "", ""}).code;
}

TEST(S3Error, SaysWhatToRetry) {
  for (const int status : {408, 409, 425, 429, 500, 502, 503, 504, 507}) {
    EXPECT_EQ(code_of(status, ""), ErrorCode::kUnavailable) << status;
  }
  EXPECT_EQ(code_of(503, "SlowDown"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(200, "InternalError"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(200, "SomethingNew"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(400, "RequestTimeout"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(400, "BadDigest"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(403, "QuotaExceeded"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(403, "InvalidObjectState"), ErrorCode::kUnavailable);
}

TEST(S3Error, SaysWhatNotToRetry) {
  EXPECT_EQ(code_of(403, ""), ErrorCode::kDenied);
  EXPECT_EQ(code_of(403, "AccessDenied"), ErrorCode::kDenied);
  EXPECT_EQ(code_of(403, "SignatureDoesNotMatch"), ErrorCode::kDenied);
  EXPECT_EQ(code_of(400, "ExpiredToken"), ErrorCode::kDenied);
  EXPECT_EQ(code_of(404, "NoSuchBucket"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(404, "NoSuchKey"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(404, ""), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(301, "PermanentRedirect"), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(416, "InvalidRange"), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(501, "NotImplemented"), ErrorCode::kInvalid);
}

// A server that fails says so by its status; a code it gives along must not make us give up.
TEST(S3Error, AFailingServerIsUnavailableWhateverItSays) {
  EXPECT_EQ(code_of(500, "AccessDenied"), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(503, "NoSuchKey"), ErrorCode::kUnavailable);
}

TEST(S3Error, NamesEverythingAPersonNeeds) {
  const Error error = s3_error("putting 'b/k'", 403,
                               {"SignatureDoesNotMatch", "The signature is wrong", "", "tx42"});
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("putting 'b/k'"), HasSubstr("403"),
                    HasSubstr("SignatureDoesNotMatch"), HasSubstr("The signature is wrong"),
                    HasSubstr("check the secret key"), HasSubstr("tx42")));
}

TEST(S3Error, KeepsControlCharactersOutOfMessages) {
  const Error error = s3_error("getting 'b/k'", 500, {"X\nY", "a\x1b[31mb", "", ""});
  EXPECT_THAT(error.message, AllOf(Not(HasSubstr("\n")), Not(HasSubstr("\x1b"))));
}

TEST(ErrorOf, TakesTheRegionFromTheHeader) {
  const S3Error error =
      error_of({301, {{"x-amz-bucket-region", "eu-west-1"}, {"x-amz-request-id", "tx1"}}, ""});
  EXPECT_EQ(error.region, "eu-west-1");
  EXPECT_EQ(error.request_id, "tx1");
  EXPECT_THAT(s3_error("listing 'b'", 301, error).message, HasSubstr("region 'eu-west-1'"));
}

}  // namespace
}  // namespace nats3::object
