#include "object/s3/endpoint.h"

#include <gtest/gtest.h>

namespace nats3::object {
namespace {

std::string url_of(const S3Options& options, std::string_view bucket, std::string_view key) {
  const auto endpoint = Endpoint::make(options);
  return endpoint ? endpoint->url(endpoint->target(bucket, key)) : endpoint.error().message;
}

TEST(Endpoint, IsAwsInTheRegionWhenNoneIsGiven) {
  EXPECT_EQ(url_of({.region = "eu-west-1"}, "bucket", "a/b c"),
            "https://bucket.s3.eu-west-1.amazonaws.com/a/b%20c");
  EXPECT_EQ(url_of({.region = "eu-west-1"}, "bucket", ""),
            "https://bucket.s3.eu-west-1.amazonaws.com/");
}

TEST(Endpoint, AddressesByPathWhenGiven) {
  EXPECT_EQ(url_of({.endpoint = "http://127.0.0.1:9000"}, "bucket", "a/b"),
            "http://127.0.0.1:9000/bucket/a/b");
  EXPECT_EQ(url_of({.endpoint = "http://127.0.0.1:9000/"}, "bucket", ""),
            "http://127.0.0.1:9000/bucket");
}

TEST(Endpoint, AddressesAsToldTo) {
  EXPECT_EQ(url_of({.endpoint = "https://s3.example.com", .addressing = Addressing::kVirtualHost},
                   "bucket", "a"),
            "https://bucket.s3.example.com/a");
  EXPECT_EQ(url_of({.addressing = Addressing::kPath}, "bucket", "a"),
            "https://s3.us-east-1.amazonaws.com/bucket/a");
}

// No wildcard certificate covers a.b.s3.amazonaws.com.
TEST(Endpoint, AddressesBucketsWithDotsByPathOnHttps) {
  EXPECT_EQ(url_of({}, "my.bucket", "a"), "https://s3.us-east-1.amazonaws.com/my.bucket/a");
  EXPECT_EQ(url_of({.endpoint = "http://s3.local", .addressing = Addressing::kVirtualHost},
                   "my.bucket", "a"),
            "http://my.bucket.s3.local/a");
}

TEST(Endpoint, LeavesOutThePortThatCurlLeavesOut) {
  EXPECT_EQ(url_of({.endpoint = "http://Host:80"}, "bucket", ""), "http://host/bucket");
  EXPECT_EQ(url_of({.endpoint = "https://host:443"}, "bucket", ""), "https://host/bucket");
  EXPECT_EQ(url_of({.endpoint = "https://host:80"}, "bucket", ""), "https://host:80/bucket");
  EXPECT_EQ(url_of({.endpoint = "http://[::1]:9000"}, "bucket", ""), "http://[::1]:9000/bucket");
  EXPECT_EQ(url_of({.endpoint = "http://[::1]"}, "bucket", ""), "http://[::1]/bucket");
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const std::string bad :
       {"localhost:9000", "ftp://host", "http://", "http://host:", "http://host:0",
        "http://host:99999", "http://host/path", "http://user@host", "http://a b", "http://h\n"}) {
    const auto endpoint = Endpoint::make({.endpoint = bad});
    ASSERT_FALSE(endpoint) << bad;
    EXPECT_EQ(endpoint.error().code, ErrorCode::kInvalid) << bad;
  }
}

}  // namespace
}  // namespace nats3::object
