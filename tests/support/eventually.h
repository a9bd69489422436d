// Waiting for conditions in tests, instead of sleeping and hoping.
#pragma once

#include <chrono>
#include <thread>

namespace nats3::test {

// Polls `condition` until it is true or `limit` has passed. Returns whether it became true.
template <typename Condition>
[[nodiscard]] bool eventually(Condition condition,
                              std::chrono::milliseconds limit = std::chrono::seconds{30}) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

}  // namespace nats3::test
