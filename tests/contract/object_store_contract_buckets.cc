// The contract of an ObjectStoreProvider: buckets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/error_of.h"
#include "tests/contract/object_store_contract.h"

namespace nats3::object {
namespace {

using testing::HasSubstr;

TEST_P(ObjectStoreContract, OpeningABucketTwiceShowsTheSame) {
  put("a", "shared");
  const auto again = provider().open(kContractBucket, IfMissing::kFail);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->get(key("a")), "shared");
  EXPECT_TRUE(provider().open(kContractBucket, IfMissing::kCreate));
}

TEST_P(ObjectStoreContract, AMissingBucketIsNotFound) {
  const auto opened = provider().open("nats3-no-such-bucket", IfMissing::kFail);
  EXPECT_EQ(code_of(opened), ErrorCode::kNotFound);
  EXPECT_THAT(message_of(opened), HasSubstr("nats3-no-such-bucket"));
}

TEST_P(ObjectStoreContract, RefusesBucketsThatAreNone) {
  for (const std::string bad :
       {"", "ab", "..", "../x", "a/b", "/abc", "a..b", "-abc", ".abc", "a b", "a\nb", "bückét"}) {
    EXPECT_EQ(code_of(provider().open(bad, IfMissing::kCreate)), ErrorCode::kInvalid) << bad;
  }
  EXPECT_EQ(code_of(provider().open(std::string(64, 'b'), IfMissing::kCreate)),
            ErrorCode::kInvalid);
}

}  // namespace
}  // namespace nats3::object
