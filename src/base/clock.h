// Clock: the one place time comes from, so that tests can stand still or jump.
// Thread-safe.
#pragma once

#include <chrono>
#include <mutex>

namespace nats3 {

// Wall-clock time to the nanosecond, UTC: what JetStream stamps messages with.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;
// Monotonic time, for deadlines and ages. Never compared across processes.
using MonotonicTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
  [[nodiscard]] virtual MonotonicTime monotonic() const = 0;

  // The machine's clocks. Lives as long as the process.
  static const Clock& system();
};

// A clock that moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = Timestamp{std::chrono::hours{24 * 365 * 50}});
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] MonotonicTime monotonic() const override;
  void advance(std::chrono::nanoseconds by);

 private:
  mutable std::mutex mutex_;
  Timestamp now_;
  MonotonicTime monotonic_;
};

}  // namespace nats3
