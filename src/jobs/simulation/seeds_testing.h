// Runs a simulation for many seeds. NATS3_SIMULATION_SEED=N runs just that one,
// NATS3_SIMULATION_RUNS=N so many.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>

namespace nats3::jobs {

inline std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

// Stops at the first seed that fails, which the failure names.
inline void for_each_seed(const std::function<void(std::uint32_t)>& run,
                          std::uint32_t otherwise = 200) {
  const std::uint32_t only = number_from("NATS3_SIMULATION_SEED", 0);
  const std::uint32_t runs = number_from("NATS3_SIMULATION_RUNS", otherwise);
  for (std::uint32_t seed = only != 0 ? only : 1; seed <= (only != 0 ? only : runs); ++seed) {
    SCOPED_TRACE(testing::Message() << "NATS3_SIMULATION_SEED=" << seed);
    run(seed);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace nats3::jobs
