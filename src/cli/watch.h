// `nats3 store watch`, `nats3 load watch`: the progress of jobs as it goes.
#pragma once

#include <string>

#include "cli/job_commands.h"

namespace nats3::cli {

// Short, so that a server that hangs is noticed, and an interval means something.
constexpr Client::Timeouts kWatchTimeouts{.connect = std::chrono::seconds{2},
                                          .answer = std::chrono::seconds{10}};

struct WatchArguments {
  std::string job_id;    // "": all jobs
  std::string interval;  // "": 1 s
};

// Shows jobs until Ctrl-C, or until all load jobs that are watched have ended: on a terminal a
// table that is drawn again in place, else a line for each change, with kJson a line of JSON for
// each job that changed. Once it has had an answer, a server that goes away is waited for. Errors:
// usage; what the server says to the first request; kFailed when a load job failed or the one job
// that is watched was deleted.
[[nodiscard]] Outcome watch_jobs(const JobCommand& command, const WatchArguments& arguments);

}  // namespace nats3::cli
