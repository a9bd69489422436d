#include "base/rate_meter.h"

#include <gtest/gtest.h>

namespace nats3 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

MonotonicTime at(milliseconds time) { return MonotonicTime{} + time; }

TEST(RateMeterTest, NothingObservedIsNoRate) {
  EXPECT_EQ(RateMeter().per_second(at(seconds{5})), 0);
}

TEST(RateMeterTest, OneObservationIsNoRate) {
  RateMeter meter;
  meter.observe(at(seconds{1}), 1'000'000);  // counted before this meter began
  EXPECT_EQ(meter.per_second(at(seconds{1})), 0);
}

TEST(RateMeterTest, SteadyGrowthIsItsRate) {
  RateMeter meter;
  for (int i = 0; i <= 400; ++i) {
    meter.observe(at(milliseconds{i * 100}), 500 + static_cast<std::uint64_t>(i) * 30);
  }
  EXPECT_NEAR(meter.per_second(at(seconds{40})), 300, 1);
}

TEST(RateMeterTest, GrowthOlderThanTheWindowIsForgotten) {
  RateMeter meter;
  meter.observe(at(seconds{0}), 0);
  meter.observe(at(seconds{1}), 10'000);
  for (int second = 2; second <= 20; ++second) {
    meter.observe(at(seconds{second}), 10'000);
  }
  EXPECT_EQ(meter.per_second(at(seconds{20})), 0);
}

TEST(RateMeterTest, ObservationsBetweenSamplesCount) {
  RateMeter meter;
  meter.observe(at(seconds{0}), 0);
  meter.observe(at(milliseconds{100}), 70);
  EXPECT_EQ(meter.per_second(at(seconds{1})), 70);
}

TEST(RateMeterTest, ARateFadesWhenNothingIsObservedAnyMore) {
  RateMeter meter;
  meter.observe(at(seconds{0}), 0);
  meter.observe(at(seconds{1}), 100);
  EXPECT_EQ(meter.per_second(at(seconds{1})), 100);
  EXPECT_EQ(meter.per_second(at(seconds{100})), 1);
}

}  // namespace
}  // namespace nats3
