#include "api/process_stats.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace nats3::api {
namespace {

// The time the machine started, in seconds since the Unix epoch.
double boot_time() {
  std::ifstream stat("/proc/stat");
  for (std::string word; stat >> word;) {
    double seconds = 0;
    if (word == "btime" && stat >> seconds) {
      return seconds;
    }
  }
  return 0;
}

std::uint64_t count_open_files() {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  return error ? 0 : static_cast<std::uint64_t>(std::distance(begin(files), end(files)));
}

}  // namespace

// Source: proc(5), /proc/pid/stat.
std::optional<ProcessStats> read_process_stats() {
  std::ifstream file("/proc/self/stat");
  const std::string line((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_end = line.rfind(')');  // the name may hold anything
  if (name_end == line.npos) {
    return std::nullopt;
  }
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  const auto skip = [&](int count) {
    while (count-- > 0) {
      fields >> skipped;
    }
  };
  double user_ticks = 0;
  double system_ticks = 0;
  double start_ticks = 0;
  std::uint64_t resident_pages = 0;
  ProcessStats stats;
  skip(11);  // to field 14
  fields >> user_ticks >> system_ticks;
  skip(4);
  fields >> stats.threads;
  skip(1);
  fields >> start_ticks >> stats.virtual_bytes >> resident_pages;
  if (!fields) {
    return std::nullopt;
  }
  const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  stats.cpu_seconds = (user_ticks + system_ticks) / ticks_per_second;
  stats.start_time_seconds = boot_time() + start_ticks / ticks_per_second;
  stats.resident_bytes = resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  stats.open_files = count_open_files();
  return stats;
}

}  // namespace nats3::api
