// RateMeter: how fast a count has grown lately. Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>

#include "base/clock.h"

namespace nats3 {

class RateMeter {
 public:
  // What a rate is averaged over: longer than jobs take to write a chunk that isn't full.
  static constexpr std::chrono::seconds kWindow{10};

  // Takes note that the count is `total` at `now`, which never goes back.
  void observe(MonotonicTime now, std::uint64_t total) {
    if (samples_.empty() || now - samples_.back().time >= kGranularity) {
      samples_.push_back({now, total});
    }
    last_ = total;
    while (samples_.size() > 1 && samples_[1].time <= now - kWindow) {
      samples_.pop_front();
    }
  }

  // Units a second over the window, or since the first observation when that is later.
  [[nodiscard]] double per_second(MonotonicTime now) const {
    if (samples_.empty()) {
      return 0;
    }
    // Of a count that wasn't observed for longer, the last growth is further and further away.
    const std::chrono::duration<double> time = now - samples_.front().time;
    return time < kGranularity ? 0
                               : static_cast<double>(last_ - samples_.front().total) / time.count();
  }

 private:
  static constexpr std::chrono::milliseconds kGranularity{500};
  struct Sample {
    MonotonicTime time;
    std::uint64_t total = 0;
  };

  std::deque<Sample> samples_;
  std::uint64_t last_ = 0;
};

}  // namespace nats3
