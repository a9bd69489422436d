#include "jobs/spec_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;

TEST(SpecNames, AreTakenUpToTheirLimit) {
  EXPECT_TRUE(check_job_name(std::string(256, 'n')));
  EXPECT_FALSE(check_job_name(std::string(257, 'n')));
  EXPECT_TRUE(check_bucket_name(std::string(63, 'b')));
  EXPECT_FALSE(check_bucket_name(std::string(64, 'b')));
  EXPECT_TRUE(check_prefix(std::string(256, 'p')));
  EXPECT_FALSE(check_prefix(std::string(257, 'p')));
  EXPECT_TRUE(check_nats_name(std::string(255, 's')));
  EXPECT_FALSE(check_nats_name(std::string(256, 's')));
  EXPECT_TRUE(check_selected_subject(std::string(1'024, 'a')));
  EXPECT_FALSE(check_selected_subject(std::string(1'025, 'a')));
  EXPECT_TRUE(check_write_subject("a", std::string(1'024, 'b')));
  EXPECT_FALSE(check_write_subject("a", std::string(1'025, 'b')));
}

TEST(SpecNames, OfJobsMayHaveSpacesAndOtherLetters) {
  EXPECT_TRUE(check_job_name("Bestellungen für März / 2026"));
  EXPECT_FALSE(check_job_name(""));
  EXPECT_FALSE(check_job_name("a\x7f"));
  EXPECT_FALSE(check_job_name("a/../b"));
}

TEST(SpecNames, OfBucketsAreNoAddressesAndBeginWithALetterOrDigit) {
  for (const char* good : {"abc", "1.2.3", "1.2.3.4a", "my-bucket.logs", "0-0"}) {
    EXPECT_TRUE(check_bucket_name(good)) << good;
  }
  for (const char* bad : {"ab", "1.2.3.4", "-abc", "abc-", ".abc", "a..b", "aBc", "a_c"}) {
    EXPECT_FALSE(check_bucket_name(bad)) << bad;
  }
}

TEST(SpecNames, OfPrefixesHaveNoPartThatMeansAnotherFolder) {
  for (const char* good : {"", "a/b", ".a", "a./b", "a.b"}) {
    EXPECT_TRUE(check_prefix(good)) << good;
  }
  for (const char* bad : {".", "./a", "a/.", "a/./b", "..", "a..b", "a//b", "a\tb"}) {
    EXPECT_FALSE(check_prefix(bad)) << bad;
  }
}

// nats-server 2.9 drops the connection that pulls from a stream with a `%` in its name.
TEST(SpecNames, OfStreamsHaveNoPercent) {
  EXPECT_TRUE(check_nats_name("KV_bucket-1"));
  const auto checked = check_nats_name("a%b");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(checked.error().message, HasSubstr("'%'"));
}

TEST(SpecNames, WriteSubjectsStayOutOfWhatBelongsToTheServer) {
  EXPECT_TRUE(check_write_subject("a.*", "$KV.bucket.{{wildcard(1)}}"));
  EXPECT_TRUE(check_write_subject("$KV.bucket.>", "{{subject}}"));
  for (const char* bad : {"$JS.API.x", "$SYS.x", "_INBOX.x"}) {
    const auto checked = check_write_subject("a.*", bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_THAT(checked.error().message, HasSubstr("write_subject: must not begin with $"));
  }
}

}  // namespace
}  // namespace nats3::jobs
