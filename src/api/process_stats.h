// What the kernel knows of this process, for the metrics every Prometheus client has.
#pragma once

#include <cstdint>
#include <optional>

namespace nats3::api {

struct ProcessStats {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_files = 0;
  double start_time_seconds = 0;  // since the Unix epoch
};

// Nothing where there is no /proc. Thread-safe.
[[nodiscard]] std::optional<ProcessStats> read_process_stats();

}  // namespace nats3::api
