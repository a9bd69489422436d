#include "base/rate_limit.h"

#include <gtest/gtest.h>

namespace nats3 {
namespace {

using namespace std::chrono_literals;

class RateLimitTest : public ::testing::Test {
 protected:
  // Uses pieces of `amount` as soon as each may be, until `duration` has passed. Returns how much.
  std::uint64_t use_for(RateLimit& limit, std::uint64_t amount, std::chrono::seconds duration) {
    const MonotonicTime end = clock_.monotonic() + duration;
    std::uint64_t used = 0;
    while (true) {
      const auto wait = limit.next() - clock_.monotonic();
      clock_.advance(std::max<MonotonicTime::duration>(wait, 0s));
      if (clock_.monotonic() >= end) {
        return used;
      }
      limit.use(amount, clock_.monotonic());
      used += amount;
    }
  }

  ManualClock clock_;
};

TEST_F(RateLimitTest, GivesItsRateWhateverThePieces) {
  for (const std::uint64_t amount : {1U, 999U, 5'000U}) {
    RateLimit limit(1'000);
    const std::uint64_t used = use_for(limit, amount, 100s);
    // The burst of the beginning, and one piece that isn't paid for yet.
    EXPECT_GE(used, 100'000U - amount);
    EXPECT_LE(used, 101'000U + amount);
  }
}

TEST_F(RateLimitTest, KeepsASecondOfSilenceAndNoMore) {
  RateLimit limit(1'000);
  use_for(limit, 100, 10s);
  clock_.advance(1h);
  const MonotonicTime now = clock_.monotonic();
  limit.use(3'000, now);
  EXPECT_EQ(limit.next(), now + 2s);
}

TEST_F(RateLimitTest, TakesAnyAmount) {
  RateLimit limit(1);
  limit.use(UINT64_MAX, clock_.monotonic());
  EXPECT_GT(limit.next(), clock_.monotonic() + 24h * 365);
}

}  // namespace
}  // namespace nats3
