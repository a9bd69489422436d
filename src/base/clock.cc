#include "base/clock.h"

namespace nats3 {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] MonotonicTime monotonic() const override {
    return std::chrono::steady_clock::now();
  }
};

}  // namespace

const Clock& Clock::system() {
  static const SystemClock kClock;
  return kClock;
}

ManualClock::ManualClock(Timestamp start) : now_(start), monotonic_(std::chrono::hours{1}) {}

Timestamp ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

MonotonicTime ManualClock::monotonic() const {
  const std::lock_guard lock(mutex_);
  return monotonic_;
}

void ManualClock::advance(std::chrono::nanoseconds by) {
  const std::lock_guard lock(mutex_);
  now_ += by;
  monotonic_ += std::chrono::duration_cast<MonotonicTime::duration>(by);
}

}  // namespace nats3
