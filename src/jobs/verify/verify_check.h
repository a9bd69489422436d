// Checks of a new verify job against the world: the bucket and what is in it. What the job would
// fail on anyway is told to whoever asks for it, before anything is on record. Thread-safe; blocks
// for a few requests.
#pragma once

#include "jobs/job.h"
#include "jobs/job_environment.h"

namespace nats3::jobs {

// Errors: kInvalid (no such bucket, nothing archived there), kDenied, kUnavailable.
[[nodiscard]] Result<void> check_spec(const JobEnvironment& environment, const VerifySpec& spec);

}  // namespace nats3::jobs
