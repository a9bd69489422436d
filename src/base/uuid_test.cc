#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>

namespace nats3 {
namespace {

TEST(UuidTest, IsARandomOneOfVersionFour) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string uuid = make_uuid();
    ASSERT_TRUE(is_uuid(uuid)) << uuid;
    ASSERT_EQ(uuid[14], '4') << uuid;
    ASSERT_NE(std::string("89ab").find(uuid[19]), std::string::npos) << uuid;
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 1'000u);
}

TEST(UuidTest, KnowsTheForm) {
  EXPECT_TRUE(is_uuid("f81d4fae-7dec-11d0-A765-00a0c91e6bf6"));
  for (const std::string_view text :
       {"", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf61",
        "f81d4fae7dec11d0a76500a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bfg",
        "f81d4fae-7dec-11d0-a765000a0c91e6bf6", "{81d4fae-7dec-11d0-a765-00a0c91e6bf}"}) {
    EXPECT_FALSE(is_uuid(text)) << text;
  }
}

}  // namespace
}  // namespace nats3
