// What the record of a job says to a server that doesn't work at it.
#pragma once

#include <fmt/format.h>

#include <string>

#include "jobs/job_environment.h"
#include "jobs/job_runner.h"

namespace nats3::jobs {

// What is on record, as far as it holds: the server that works at the job writes only what has
// changed, so that a dead one's record looks like that of a job that is idle.
template <typename Job>
[[nodiscard]] Job as_told(const JobEnvironment& environment, Job job) {
  const std::string& server = job.info.server;
  if (server == environment.server || !environment.lease.renews(server)) {
    job.progress = without_lag(job.progress);
    job.progress.rate = 0;
  }
  return job;
}

// Errors: kConflict: the record names another server than `self`.
[[nodiscard]] inline Result<void> check_not_elsewhere(const JobInfo& info,
                                                      const std::string& self) {
  if (!info.server.empty() && info.server != self) {
    return fail(ErrorCode::kConflict,
                fmt::format("server {} has taken job {} over", info.server, info.id));
  }
  return {};
}

}  // namespace nats3::jobs
