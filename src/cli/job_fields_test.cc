#include "cli/job_fields.h"

#include <gtest/gtest.h>

#include <chrono>

namespace nats3::cli {
namespace {

TEST(LongDuration, TakesTheUnitsPeopleKnow) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_long_duration("30s"), seconds{30});
  EXPECT_EQ(parse_long_duration("5sec"), seconds{5});
  EXPECT_EQ(parse_long_duration("1min"), seconds{60});
  EXPECT_EQ(parse_long_duration("1h 30min"), seconds{5'400});
  EXPECT_EQ(parse_long_duration("2 hours"), seconds{7'200});
  EXPECT_EQ(parse_long_duration("1day"), seconds{86'400});
  for (const char* bad : {"", "5", "s", "-5s", "5 parsecs", "5s!", "\xff"}) {
    EXPECT_FALSE(parse_long_duration(bad)) << bad;
  }
}

}  // namespace
}  // namespace nats3::cli
