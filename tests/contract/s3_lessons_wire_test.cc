// Lessons of S3: what goes over the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "tests/contract/s3_lessons.h"

namespace nats3::object {
namespace {

using testing::HasSubstr;

TEST_F(S3Lessons, ABodyGoesPlainWithItsMd5AndItsHash) {
  ASSERT_TRUE(store().put("key", "body"));
  const ToxicRequest put = server_.requests().back();
  EXPECT_EQ(put.headers.at("content-md5"), to_base64(as_view(md5("body"))));
  EXPECT_EQ(put.headers.at("x-amz-content-sha256"), to_hex(as_view(sha256("body"))));
  EXPECT_EQ(put.headers.at("content-length"), "4");
  EXPECT_EQ(put.body, "body");
  EXPECT_FALSE(put.headers.contains("content-encoding"));  // no aws-chunked
  EXPECT_FALSE(put.headers.contains("x-amz-checksum-sha256"));
  EXPECT_FALSE(put.headers.contains("expect"));
  EXPECT_THAT(put.headers.at("authorization"),
              HasSubstr("SignedHeaders=content-md5;content-type;host;x-amz-content-sha256;"
                        "x-amz-date"));
}

// Whoever made the body may have its hash. The server finds out when it isn't that of the body.
TEST_F(S3Lessons, AHashThatIsKnownIsNotComputedAgain) {
  options_.checksum = Checksum::kSha256;
  ASSERT_TRUE(store().put("key", Body{"body", sha256("known")}));
  const ToxicRequest put = server_.requests().back();
  EXPECT_EQ(put.headers.at("x-amz-content-sha256"), to_hex(as_view(sha256("known"))));
  EXPECT_EQ(put.headers.at("x-amz-checksum-sha256"), to_base64(as_view(sha256("known"))));
}

TEST_F(S3Lessons, AChecksumAndASessionTokenGoAlongWhenConfigured) {
  options_.checksum = Checksum::kSha256;
  options_.credentials = fixed_credentials({"access", "secret", "token/+="});
  ASSERT_TRUE(store().put("key", "body"));
  const ToxicRequest put = server_.requests().back();
  EXPECT_EQ(put.headers.at("x-amz-checksum-sha256"), to_base64(as_view(sha256("body"))));
  EXPECT_EQ(put.headers.at("x-amz-security-token"), "token/+=");
  EXPECT_THAT(put.headers.at("authorization"), HasSubstr("x-amz-security-token"));
}

TEST_F(S3Lessons, OverPlainHttpABodyIsAlwaysSigned) {
  options_.payload_signing = PayloadSigning::kUnsignedOnHttps;
  ASSERT_TRUE(store().put("key", "body"));
  EXPECT_EQ(server_.requests().back().headers.at("x-amz-content-sha256"),
            to_hex(as_view(sha256("body"))));
}

TEST_F(S3Lessons, OddKeysAreEncodedAsTheyAreSigned) {
  ASSERT_TRUE(store().put("a b/fix.>/c+d=e*~é", "x"));
  EXPECT_EQ(server_.requests().back().target, "/bucket/a%20b/fix.%3E/c%2Bd%3De%2A~%C3%A9");
}

TEST_F(S3Lessons, BucketsBecomeHostsWhenTold) {
  options_.endpoint.replace(options_.endpoint.find("127.0.0.1"), 9, "localhost");
  options_.addressing = Addressing::kVirtualHost;  // bucket.localhost is this machine
  ASSERT_TRUE(store().put("key", "x"));
  const ToxicRequest put = server_.requests().back();
  EXPECT_EQ(put.target, "/key");
  EXPECT_THAT(put.headers.at("host"), testing::StartsWith("bucket.localhost:"));
}

TEST_F(S3Lessons, MoreThanWasAskedForIsRefused) {
  ASSERT_TRUE(store().put("key", std::string(5000, 'x')));  // and the server ignores ranges
  const auto part = store().get("key", ByteRange{0, 10});
  ASSERT_FALSE(part);
  EXPECT_EQ(part.error().code, ErrorCode::kInvalid);
  options_.max_object_bytes = 1000;
  store_.reset();
  EXPECT_EQ(store().get("key").error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace nats3::object
