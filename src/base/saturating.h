// Sums of numbers that others claim: the largest number where a sum would be larger. Pure
// functions.
#pragma once

#include <cstdint>
#include <limits>

namespace nats3 {

[[nodiscard]] constexpr std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
  return b > kLargest - a ? kLargest : a + b;
}

}  // namespace nats3
