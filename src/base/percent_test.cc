#include "base/percent.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace nats3 {
namespace {

TEST(PercentTest, EncodesAllButUnreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b/c+d=%é>"), "a%20b%2Fc%2Bd%3D%25%C3%A9%3E");
  EXPECT_EQ(percent_encode("a/b c", "/"), "a/b%20c");
  EXPECT_EQ(percent_encode(std::string("\0\x7f", 2)), "%00%7F");
}

RC_GTEST_PROP(PercentTest, TextComesBack, (const std::string& text)) {
  RC_ASSERT(percent_decode(percent_encode(text)).value() == text);
}

TEST(PercentTest, TakesLowerCaseDigits) { EXPECT_EQ(percent_decode("%3e%C3%a9").value(), ">é"); }

TEST(PercentTest, RefusesAPercentWithoutDigits) {
  for (const std::string_view text : {"%", "a%", "%1", "%zz", "%1z", "%-1", "%+1", "% 1", "%%41"}) {
    EXPECT_FALSE(percent_decode(text)) << text;
  }
}

}  // namespace
}  // namespace nats3
