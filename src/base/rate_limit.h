// RateLimit: when something that may use so much a second may go on. It never waits itself: who
// asks comes back at the time it is told.
//
// What was used is told afterwards, so that it needn't be known before; a large use is paid for by
// a longer wait. Time that nothing was used in is kept for a burst, up to one second of it.
// Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace nats3 {

class RateLimit {
 public:
  // `per_second`: at least 1.
  explicit RateLimit(std::uint64_t per_second)
      : per_second_(std::max<std::uint64_t>(per_second, 1)) {}

  // Takes note that `amount` was used at `now`, which never goes back.
  void use(std::uint64_t amount, MonotonicTime now) {
    constexpr std::chrono::seconds kBurst{1};
    const std::chrono::duration<double> cost(static_cast<double>(amount) /
                                             static_cast<double>(per_second_));
    // A year's wait is for ever, and more would overflow.
    constexpr std::chrono::duration<double> kMost = std::chrono::hours{24 * 366};
    paid_until_ = std::max(paid_until_, now - kBurst) +
                  std::chrono::duration_cast<MonotonicTime::duration>(std::min(cost, kMost));
  }

  // When more may be used: in the past, when that is now.
  [[nodiscard]] MonotonicTime next() const { return paid_until_; }

 private:
  const std::uint64_t per_second_;
  MonotonicTime paid_until_;  // long ago
};

}  // namespace nats3
