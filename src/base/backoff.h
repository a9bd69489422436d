// Backoff: how long to wait before trying again, growing with each failure, capped and jittered so
// that many clients of one server don't come back at the same instant. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace nats3 {

class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds first{100};
    std::chrono::milliseconds cap{10'000};
  };

  Backoff() : Backoff(Options{}, std::random_device{}()) {}
  Backoff(Options options, std::uint32_t seed) : options_(options), random_(seed) {}

  // The wait before the next attempt: between half of and the whole of first * 2^failures, at most
  // `cap`.
  [[nodiscard]] std::chrono::milliseconds next();
  // Call after a success.
  void reset() { failures_ = 0; }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  Options options_;
  std::minstd_rand random_;
  int failures_ = 0;
};

}  // namespace nats3
