// The contract of an ObjectStore: objects as they are put, read and removed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/error_of.h"
#include "tests/contract/object_store_contract.h"

namespace nats3::object {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 1024; ++i) {
    bytes += static_cast<char>(i);
  }
  return bytes;
}

TEST_P(ObjectStoreContract, GivesBackWhatWasPut) {
  for (const std::string& body : {std::string("hello"), std::string(), all_bytes(),
                                  std::string(1 << 20, 'z') + all_bytes()}) {
    put("a", body);
    EXPECT_EQ(store().get(key("a")), body);
  }
}

TEST_P(ObjectStoreContract, PutReplacesTheWholeObject) {
  put("a", "a long first version");
  put("a", "short");
  EXPECT_EQ(store().get(key("a")), "short");
  EXPECT_EQ(store().head(key("a"))->size, 5U);
}

TEST_P(ObjectStoreContract, PuttingTheSameAgainIsHarmless) {
  put("a", "same");
  put("a", "same");
  EXPECT_EQ(store().get(key("a")), "same");
  EXPECT_THAT(list_all({}), ElementsAre("a"));
}

TEST_P(ObjectStoreContract, WhatIsMissingIsNotFound) {
  put("a/b");
  for (const std::string name : {"missing", "a", "a/b/c", "a/bb", "missing/too"}) {
    EXPECT_EQ(code_of(store().get(key(name))), ErrorCode::kNotFound) << name;
    EXPECT_EQ(code_of(store().get(key(name), ByteRange{0, 1})), ErrorCode::kNotFound) << name;
    EXPECT_EQ(code_of(store().head(key(name))), ErrorCode::kNotFound) << name;
  }
  EXPECT_THAT(message_of(store().get(key("missing"))), HasSubstr("missing"));
}

TEST_P(ObjectStoreContract, GivesRangesClampedToTheEnd) {
  put("a", "0123456789");
  const auto get = [&](std::uint64_t offset, std::optional<std::uint64_t> length) {
    return store().get(key("a"), ByteRange{offset, length});
  };
  EXPECT_EQ(get(0, 4), "0123");
  EXPECT_EQ(get(3, 4), "3456");
  EXPECT_EQ(get(9, 1), "9");
  EXPECT_EQ(get(0, 10), "0123456789");
  EXPECT_EQ(get(7, 100), "789");
  EXPECT_EQ(get(7, UINT64_MAX), "789");
  EXPECT_EQ(get(7, std::nullopt), "789");
  EXPECT_EQ(get(0, std::nullopt), "0123456789");
  EXPECT_EQ(get(4, 0), "");
}

TEST_P(ObjectStoreContract, RangesBeyondTheEndAreInvalid) {
  put("a", "0123456789");
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{10, 1})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{10, {}})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{10, 0})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{1'000'000, 5})), ErrorCode::kInvalid);
}

TEST_P(ObjectStoreContract, AnEmptyObjectHasNoRange) {
  put("a", "");
  EXPECT_EQ(store().get(key("a")), "");
  EXPECT_EQ(store().head(key("a"))->size, 0U);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{0, {}})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{0, 1})), ErrorCode::kInvalid);
}

TEST_P(ObjectStoreContract, HeadGivesKeyAndSize) {
  put("a/b", all_bytes());
  const auto info = store().head(key("a/b"));
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->key, key("a/b"));
  EXPECT_EQ(info->size, 1024U);
}

TEST_P(ObjectStoreContract, RemovingTwiceSucceeds) {
  put("a/b");
  EXPECT_TRUE(store().remove(key("a/b")));
  EXPECT_TRUE(store().remove(key("a/b")));
  EXPECT_TRUE(store().remove(key("never/was")));
  EXPECT_EQ(code_of(store().get(key("a/b"))), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreContract, RemovingOneLeavesItsNeighbours) {
  put("a/b");
  put("a/c");
  put("a-b");
  EXPECT_TRUE(store().remove(key("a/b")));
  EXPECT_TRUE(store().remove(key("a")));
  EXPECT_THAT(list_all({}), ElementsAre("a-b", "a/c"));
}

TEST_P(ObjectStoreContract, WhatIsRemovedLeavesNoPrefixBehind) {
  put("a/b/c");
  put("z");
  EXPECT_TRUE(store().remove(key("a/b/c")));
  EXPECT_THAT(list_all({.delimiter = "/"}), ElementsAre("z"));
  put("a");  // nor anything that would be in the way
  EXPECT_THAT(list_all({.delimiter = "/"}), ElementsAre("a", "z"));
}

}  // namespace
}  // namespace nats3::object
