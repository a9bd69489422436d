// Checks of a new store job against the world: the stream and the bucket. What the job would fail
// on anyway is told to whoever asks for it, before anything is on record. Thread-safe; blocks for a
// few requests.
#pragma once

#include <string>
#include <vector>

#include "jobs/job.h"
#include "jobs/job_environment.h"

namespace nats3::jobs {

// Makes the bucket when it is missing, and writes the stream's description into it, which shows
// that it can be written. Returns what is to be put on record: the spec, with the consumer it must
// adopt. `others`: the store jobs that there are. Errors: kInvalid (unknown stream, a subject
// outside it, a consumer the server refuses), kAlreadyExists (another job's consumer), kDenied,
// kUnavailable.
[[nodiscard]] Result<StoreSpec> check_spec(const JobEnvironment& environment, StoreSpec spec,
                                           const std::vector<StoreJob>& others);

// Errors: kInvalid: `subject` can't be in the stream as it is configured.
[[nodiscard]] Result<void> check_subject(const nats::StreamInfo& info, const std::string& subject);

}  // namespace nats3::jobs
