// How jobs look while they're watched: a table for a terminal, a line for a pipe. Pure functions of
// what the API answered.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "cli/job_fields.h"

namespace nats3::cli {

struct ViewStyle {
  std::size_t columns = 0;  // 0: as wide as it gets
  bool colors = false;
};

// Lines of a table of `jobs`, and below it what they wait for or failed of. Where the terminal is
// narrow, columns that matter less are left out.
[[nodiscard]] std::vector<std::string> watch_table(JobKind kind, const Json& jobs, Timestamp now,
                                                   const ViewStyle& style);

// One job in one line, without its name: "Running, 1,234 messages, 52,310/s, lag 3, oldest 2s".
[[nodiscard]] std::string watch_line(JobKind kind, const Json& job, Timestamp now);

// What of `job` has to change for a pipe to get another line: all but what moves by itself with
// time.
[[nodiscard]] Json watch_state(const Json& job);

// "████████░░░░░░░░", `width` columns wide; `share` 0 to 1.
[[nodiscard]] std::string progress_bar(double share, std::size_t width);

}  // namespace nats3::cli
