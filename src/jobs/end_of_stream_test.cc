#include "jobs/end_of_stream.h"

#include <gtest/gtest.h>

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

TEST(EndOfStreamTest, OneThatEndsTooEarlyIsBelievedAfterAWhile) {
  EndOfStream end;
  const MonotonicTime now{};
  const nats::StreamInfo whole{.name = "S", .last_sequence = 7};
  const nats::StreamInfo less{.name = "S", .last_sequence = 6};
  EXPECT_TRUE(end.check(whole, 7, now));
  const auto waits = end.check(less, 7, now + 1s);
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(end.check(less, 7, now + 5s));
  EXPECT_TRUE(end.check(whole, 7, now + 5s));  // the leader knows it now
  EXPECT_FALSE(end.check(less, 7, now + 8s));
  EXPECT_TRUE(end.check(less, 7, now + 13s));
}

}  // namespace
}  // namespace nats3::jobs
