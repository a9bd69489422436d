#include "base/secret.h"

#include <gtest/gtest.h>

#include <utility>

namespace nats3 {
namespace {

TEST(SecretTest, HoldsItsTextAndGivesItAway) {
  Secret secret(std::string_view("seed"));
  EXPECT_EQ(secret.view(), "seed");
  EXPECT_STREQ(secret.c_str(), "seed");
  Secret other(std::string_view("before"));
  other = std::move(secret);
  EXPECT_EQ(other.view(), "seed");
  EXPECT_EQ(secret.view(), "");  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  EXPECT_STREQ(secret.c_str(), "");  // NOLINT(bugprone-use-after-move)
}

TEST(SecretTest, IsFilledInPlace) {
  Secret secret(std::size_t{4});
  secret.data()[3] = 'd';
  EXPECT_EQ(secret.view(), std::string_view("\0\0\0d", 4));
  EXPECT_EQ(Secret().view(), "");
  EXPECT_STREQ(Secret().c_str(), "");
}

}  // namespace
}  // namespace nats3
