// ArchiveSum: what several parts of an archive come to, out of the JSON the API gives, which is
// read leniently. A value.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

namespace nats3::cli {

struct ArchiveSum {
  // The largest number there is, where they are more.
  std::uint64_t chunks = 0;
  std::uint64_t messages = 0;
  std::uint64_t stored_bytes = 0;
  std::string from;  // "": there is none
  std::string to;

  // What the API has of a subject, or what it has pruned.
  void add(const Json& part);
};

// "2026-11-24T06:00:00Z", of a time to the nanosecond.
[[nodiscard]] std::string to_second(const std::string& time);

}  // namespace nats3::cli
