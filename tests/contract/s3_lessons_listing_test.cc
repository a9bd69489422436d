// Lessons of S3: listings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/contract/s3_lessons.h"

namespace nats3::object {
namespace {

using testing::HasSubstr;

TEST_F(S3Lessons, AListingThatIsNoneIsUnavailable) {
  for (const std::string& body : {std::string("<html/>"), std::string("not xml"), std::string(),
                                  std::string("<ListBucketResult><Contents><Key>a</Key>")}) {
    poison("GET", "/bucket?", answer_with({200, body, {}}));
    const auto page = store().list({});
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code, ErrorCode::kUnavailable) << body;
    EXPECT_THAT(page.error().message, HasSubstr("listing 'bucket'"));
  }
}

TEST_F(S3Lessons, AnOversizedListingIsNotReadToItsEnd) {
  poison("GET", "/bucket?",
         answer_with({200, "<ListBucketResult>" + std::string(20 << 20, ' '), {}}));
  const auto page = store().list({});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(page.error().message, HasSubstr("larger than"));
}

TEST_F(S3Lessons, ListingsAskForEncodedKeysAndKeepTheTokenOpaque) {
  static_cast<void>(store().list({.prefix = "p/a b", .start_after = "p/a b/1", .delimiter = "/"}));
  static_cast<void>(store().list({.start_after = "ignored", .token = "1/a+b=c&d", .limit = 7}));
  const auto requests = server_.requests();
  EXPECT_EQ(requests[requests.size() - 2].target,
            "/bucket?delimiter=%2F&encoding-type=url&list-type=2&max-keys=1000&prefix=p%2Fa%20b"
            "&start-after=p%2Fa%20b%2F1");
  EXPECT_EQ(requests.back().target,
            "/bucket?continuation-token=1%2Fa%2Bb%3Dc%26d&encoding-type=url&list-type=2"
            "&max-keys=7&prefix=");
}

}  // namespace
}  // namespace nats3::object
