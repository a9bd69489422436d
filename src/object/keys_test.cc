#include "object/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::object {
namespace {

using testing::HasSubstr;

TEST(CheckKey, TakesEveryCharacterThatIsNoControl) {
  for (const std::string good : {"a", "a/b", "...", "a..b", ".a", "a b", "日本/é", "\U0001F600",
                                 "!\"#$%&'()*+,-.:;<=>?@[\\]^_`{|}~"}) {
    EXPECT_TRUE(check_key(good)) << good;
  }
  EXPECT_TRUE(check_key(std::string(1024, 'k')));
}

TEST(CheckKey, RefusesWhatIsNotUtf8) {
  for (const std::string bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                                "\xf4\x90\x80\x80", "\xf0\x80\x80\xaf", "\xe2\x82", "a\xff"}) {
    const auto checked = check_key(bad);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().message, HasSubstr("UTF-8"));
  }
}

TEST(ResolveRange, ClampsToTheEnd) {
  const auto extent = resolve_range("k", ByteRange{7, UINT64_MAX}, 10, 100);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->offset, 7U);
  EXPECT_EQ(extent->length, 3U);
}

TEST(ResolveRange, RefusesMoreThanMemoryShouldHold) {
  const auto whole = resolve_range("k", {}, 1000, 100);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(whole.error().message, HasSubstr("in ranges"));
  EXPECT_TRUE(resolve_range("k", ByteRange{0, 100}, 1000, 100));
}

TEST(Printable, KeepsTextAndHidesTheRest) {
  EXPECT_EQ(printable("a é 日"), "a é 日");
  EXPECT_EQ(printable("a\nb\x1b\xff"), "a%0Ab%1B%FF");
  EXPECT_LT(printable(std::string(100'000, 'x')).size(), 400U);
}

}  // namespace
}  // namespace nats3::object
