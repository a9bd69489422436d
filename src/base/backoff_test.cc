#include "base/backoff.h"

#include <gtest/gtest.h>

#include <limits>

namespace nats3 {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, GrowsToItsCapWithJitter) {
  Backoff backoff({.first = milliseconds{100}, .cap = milliseconds{1'000}}, 7);
  milliseconds ceiling{100};
  for (int i = 0; i < 10; ++i) {
    const milliseconds wait = backoff.next();
    EXPECT_GE(wait, ceiling / 2);
    EXPECT_LE(wait, ceiling);
    ceiling = std::min(ceiling * 2, milliseconds{1'000});
  }
  EXPECT_EQ(backoff.failures(), 10);
}

TEST(BackoffTest, BeginsAnewAfterASuccess) {
  Backoff backoff({.first = milliseconds{100}, .cap = milliseconds{10'000}}, 7);
  for (int i = 0; i < 5; ++i) {
    (void)backoff.next();
  }
  backoff.reset();
  EXPECT_EQ(backoff.failures(), 0);
  EXPECT_LE(backoff.next(), milliseconds{100});
}

TEST(BackoffTest, TwoClientsDoNotComeBackTogether) {
  Backoff a({.first = milliseconds{10'000}, .cap = milliseconds{60'000}}, 123'456'789);
  Backoff b({.first = milliseconds{10'000}, .cap = milliseconds{60'000}}, 987'654'321);
  EXPECT_NE(a.next(), b.next());
}

TEST(BackoffTest, ManyFailuresDoNotOverflow) {
  Backoff backoff({.first = std::chrono::hours{1}, .cap = std::chrono::hours{2}}, 7);
  for (int i = 0; i < 1'000; ++i) {
    const milliseconds wait = backoff.next();
    ASSERT_GE(wait, std::chrono::minutes{30});
    ASSERT_LE(wait, std::chrono::hours{2});
  }
}

}  // namespace
}  // namespace nats3
