// What a V1Reader does when a chunk is damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/v1_reader.h"
#include "catalog/v1_reader_testing.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class V1DamageTest : public ::testing::Test {
 protected:
  V1DamageTest() {
    archive_.add("s.>", {message("s.a", 10, "1")});
    key_ = archive_.add("s.>", {message("s.a", 20, "2"), message("s.a", 30, "3")});
    archive_.add("s.>", {message("s.a", kSecond, "4")});
  }

  void expect_named(std::string_view why) {
    const auto outcome = archive_.read();
    EXPECT_EQ(outcome.error.code, ErrorCode::kCorrupt);
    EXPECT_THAT(outcome.error.message, HasSubstr(key_));
    EXPECT_THAT(outcome.error.message, HasSubstr(why));
    const auto skipping = archive_.read({.subject = "s.>"}, OnDamage::kSkip);
    EXPECT_THAT(skipping.payloads, ElementsAre("1", "4"));
    EXPECT_EQ(skipping.skipped, 1);
    EXPECT_THAT(skipping.finished, SizeIs(2));  // so nobody deletes what is damaged
  }

  V1Archive archive_;
  std::string key_;
};

TEST_F(V1DamageTest, AChangedChunkIsNamed) {
  std::string bytes = *archive_.store().get(key_);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(archive_.store().put(key_, bytes));
  expect_named("version-1 chunk");
}

TEST_F(V1DamageTest, AnEmptyChunkIsNamed) {
  ASSERT_TRUE(archive_.store().put(key_, ""));
  expect_named("empty");
}

TEST_F(V1DamageTest, AChunkWithAnotherCountThanItsKeyIsNamed) {
  ASSERT_TRUE(archive_.store().put(
      key_, archive::testing::encode_v1(V1Codec::kBinary, {message("s.a", 20, "2")})));
  expect_named("it has 1 messages");
}

TEST_F(V1DamageTest, AChunkOfAnotherSecondThanItsKeyIsNamed) {
  ASSERT_TRUE(archive_.store().put(
      key_, archive::testing::encode_v1(
                V1Codec::kBinary, {message("s.a", kSecond, "2"), message("s.a", kSecond, "3")})));
  expect_named("another second");
}

TEST_F(V1DamageTest, WhatWasLeftOutIsNotCountedAgain) {
  ASSERT_TRUE(archive_.store().put(key_, "x"));
  Selection selection{.subject = "s.>"};
  V1Reader reader(archive_.catalog(), selection, OnDamage::kSkip);
  while (true) {
    const auto batch = reader.next();
    ASSERT_TRUE(batch && *batch);
    if ((*batch)->skipped_chunks > 0) {
      selection.after = (*batch)->position;
      break;
    }
  }
  const auto rest = archive_.read(selection, OnDamage::kSkip);
  EXPECT_THAT(rest.payloads, ElementsAre("4"));
  EXPECT_EQ(rest.skipped, 0);
}

TEST(V1Reader, CountsADamagedChunkAtTheEndOnce) {
  V1Archive archive;
  const std::string key = archive.add("s.>", {message("s.a", 10, "1")});
  ASSERT_TRUE(archive.store().put(key, "no chunk"));
  const auto first = archive.read({.subject = "s.>"}, OnDamage::kSkip);
  EXPECT_EQ(first.skipped, 1U);
  EXPECT_EQ(archive.read({.subject = "s.>", .after = first.end}, OnDamage::kSkip).skipped, 0U);
}

}  // namespace
}  // namespace nats3::catalog
