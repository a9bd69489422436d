// What fuzz targets share: the entry that libFuzzer and replay_test.cc call, and how a target says
// that a property doesn't hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace nats3::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the process, which is what a fuzzer takes for a finding, unless `holds`.
inline void require(bool holds, const char* property) {
  if (!holds) {
    std::fprintf(stderr, "property doesn't hold: %s\n", property);
    std::abort();
  }
}

}  // namespace nats3::fuzz
