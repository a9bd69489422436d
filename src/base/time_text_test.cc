#include "base/time_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace nats3 {
namespace {

using std::chrono::nanoseconds;

Timestamp at(std::int64_t count) { return Timestamp{nanoseconds{count}}; }

TEST(TimeTextTest, FormatsNineDigits) {
  EXPECT_EQ(format_time(at(0)), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(format_time(at(-1)), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(format_time(at(1'795'485'265'123'456'789)), "2026-11-24T01:54:25.123456789Z");
  EXPECT_EQ(format_time(at(951'782'400'000'000'000)), "2000-02-29T00:00:00.000000000Z");
}

RC_GTEST_PROP(TimeTextTest, EveryTimeComesBack, (std::int64_t count)) {
  RC_ASSERT(parse_time(format_time(at(count))).value() == at(count));
}

TEST(TimeTextTest, TheFirstAndTheLastTimeComeBack) {
  for (const Timestamp time : {Timestamp::min(), Timestamp::max()}) {
    EXPECT_EQ(parse_time(format_time(time)).value(), time);
  }
  EXPECT_EQ(format_time(Timestamp::min()), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(format_time(Timestamp::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_FALSE(parse_time("2262-04-11T23:47:16.854775808Z"));
  EXPECT_FALSE(parse_time("1677-09-21T00:12:43.145224191Z"));
  EXPECT_FALSE(parse_time("9999-01-01T00:00:00Z"));
  EXPECT_FALSE(parse_time("0000-01-01T00:00:00Z"));
}

TEST(TimeTextTest, TakesOffsetsAndFractions) {
  const Timestamp time = parse_time("2026-11-24T08:30:00Z").value();
  EXPECT_EQ(parse_time("2026-11-24t09:30:00+01:00").value(), time);
  EXPECT_EQ(parse_time("2026-11-24T01:00:00.0-07:30").value(), time);
  EXPECT_EQ(parse_time("2026-11-24T08:30:00.5z").value(), time + nanoseconds{500'000'000});
  EXPECT_EQ(parse_time("2026-11-24T08:30:00.000000001Z").value(), time + nanoseconds{1});
}

TEST(TimeTextTest, RefusesAnythingElse) {
  for (const std::string_view text : {"",
                                      "now",
                                      "2026-11-24",
                                      "2026-11-24 08:30:00Z",
                                      "2026-11-24T08:30:00",
                                      "2026-11-24T08:30Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-01-00T00:00:00Z",
                                      "2026-11-24T24:00:00Z",
                                      "2026-11-24T08:60:00Z",
                                      "2026-11-24T08:30:60Z",
                                      "2026-11-24T08:30:00.Z",
                                      "2026-11-24T08:30:00.1234567890Z",
                                      "2026-11-24T08:30:00+1:00",
                                      "2026-11-24T08:30:00+24:00",
                                      "2026-11-24T08:30:00+01:60",
                                      "2026-11-24T08:30:00ZZ",
                                      "2026-11-24T08:30:00Z ",
                                      "+026-11-24T08:30:00Z",
                                      "2026-11-24T08:30:-1Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(DurationTextTest, ReadsUnits) {
  EXPECT_EQ(parse_duration("30s").value(), std::chrono::seconds{30});
  EXPECT_EQ(parse_duration("1h30m").value(), std::chrono::minutes{90});
  EXPECT_EQ(parse_duration("250ms").value(), std::chrono::milliseconds{250});
  EXPECT_EQ(parse_duration("2d1us1ns").value(), std::chrono::hours{48} + nanoseconds{1'001});
  EXPECT_EQ(parse_duration("36525d").value(), std::chrono::hours{24 * 36'525});
}

TEST(DurationTextTest, RefusesAnythingElse) {
  for (const std::string_view text : {"", "5", "s", "-5s", "5 s", "1.5s", "5x", "5sm", "36526d",
                                      "36525d1ns", "99999999999999999999s", "5s6", "+5s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(DurationTextTest, FormatsForPeople) {
  EXPECT_EQ(format_duration(nanoseconds{5}), "5ns");
  EXPECT_EQ(format_duration(std::chrono::milliseconds{250}), "250ms");
  EXPECT_EQ(format_duration(std::chrono::milliseconds{1'500}), "1.5s");
  EXPECT_EQ(format_duration(std::chrono::minutes{125}), "2h 5m");
  EXPECT_EQ(format_duration(std::chrono::hours{49}), "2d 1h");
  EXPECT_EQ(format_duration(std::chrono::hours{48}), "2d");
  EXPECT_EQ(format_duration(-std::chrono::seconds{90}), "-1m 30s");
}

TEST(DurationTextTest, FormatsTheShortestAndTheLongest) {
  EXPECT_EQ(format_duration(nanoseconds{0}), "0ns");
  EXPECT_EQ(format_duration(std::chrono::milliseconds{59'999}), "60s");
  EXPECT_EQ(format_duration(nanoseconds::min()), "-106751d 23h");
}

}  // namespace
}  // namespace nats3
