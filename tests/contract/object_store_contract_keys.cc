// The contract of an ObjectStore: what may be a key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/contract/error_of.h"
#include "tests/contract/object_store_contract.h"

namespace nats3::object {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> kOddNames = {
    "a b",      "a+b",         "a=b&c=d", "fix.>", "fix.*",     "100%",       "%2F",
    "~user",    "a%20b",       "käse",    "日本",  "a'b\"c",    "<key>&amp;", "a;b:c@d!e$f,g",
    "(a)[b]{}", "back\\slash", "#frag?q", "...",   ".hidden/x", " edge ",     "a|b^c`d"};

const std::vector<std::string> kBadKeys = {"",
                                           "/a",
                                           "a/",
                                           "a//b",
                                           "..",
                                           "../a",
                                           "a/../b",
                                           "a/..",
                                           ".",
                                           "a/./b",
                                           "a\nb",
                                           "a\177b",
                                           "a\x01",
                                           std::string("a\0b", 3),
                                           "\xff",
                                           "\xc0\xaf",
                                           "\xed\xa0\x80",
                                           std::string(1025, 'k')};

TEST_P(ObjectStoreContract, TakesOddNames) {
  for (const std::string& name : kOddNames) {
    put(name, "body of " + name);
  }
  for (const std::string& name : kOddNames) {
    EXPECT_EQ(store().get(key(name)), "body of " + name);
    EXPECT_EQ(store().get(key(name), ByteRange{0, 4}), "body") << name;
    EXPECT_EQ(store().head(key(name)).map(&ObjectInfo::size), name.size() + 8) << name;
    EXPECT_THAT(list_all({.prefix = name}), testing::Contains(name));
  }
  auto sorted = kOddNames;
  std::ranges::sort(sorted);
  EXPECT_EQ(list_all({}), sorted);
  EXPECT_EQ(list_all({.limit = 2}), sorted);
  for (const std::string& name : kOddNames) {
    EXPECT_TRUE(store().remove(key(name))) << name;
  }
  EXPECT_THAT(list_all({}), IsEmpty());
}

TEST_P(ObjectStoreContract, TakesTheLongestKey) {
  std::string name;
  while (prefix().size() + name.size() < 1024 - 201) {
    name += std::string(200, 'k') + "/";
  }
  name += std::string(1024 - prefix().size() - name.size(), 'k');
  ASSERT_EQ(key(name).size(), 1024U);
  put(name, "long");
  EXPECT_EQ(store().get(key(name)), "long");
  EXPECT_THAT(list_all({}), ElementsAre(name));
}

TEST_P(ObjectStoreContract, RefusesKeysThatAreNone) {
  for (const std::string& bad : kBadKeys) {
    EXPECT_EQ(code_of(store().put(bad, "x")), ErrorCode::kInvalid) << bad;
    EXPECT_EQ(code_of(store().get(bad)), ErrorCode::kInvalid) << bad;
    EXPECT_EQ(code_of(store().head(bad)), ErrorCode::kInvalid) << bad;
    EXPECT_EQ(code_of(store().remove(bad)), ErrorCode::kInvalid) << bad;
  }
}

}  // namespace
}  // namespace nats3::object
