#include "base/backoff.h"

#include <algorithm>

namespace nats3 {

std::chrono::milliseconds Backoff::next() {
  const int doublings = std::min(failures_++, 20);
  const std::chrono::milliseconds ceiling =
      std::min(options_.cap, std::chrono::milliseconds{options_.first * (1LL << doublings)});
  std::uniform_int_distribution<std::int64_t> jitter(ceiling.count() / 2, ceiling.count());
  return std::chrono::milliseconds{jitter(random_)};
}

}  // namespace nats3
