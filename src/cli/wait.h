// `--wait` of create and `nats3 store wait`, `nats3 load wait`: not before the work is done.
#pragma once

#include <string>

#include "cli/job_commands.h"

namespace nats3::cli {

// Waits until the load job has ended, or until all is archived that was in the stream of the store
// job when waiting began; shows how far it is on standard error if that's a terminal. Then prints
// the job (kJson) or what was done. `timeout`: a duration, "" for none.
// Errors: usage; kFailed when the job fails, is paused or deleted, can't end, or time is up; the
// message says how it goes on. A server that goes away is waited for.
[[nodiscard]] Outcome wait_for_job(const JobCommand& command, const std::string& job_id,
                                   const std::string& timeout);

// The same for `job`, the answer to its creation.
[[nodiscard]] Outcome wait_for_created(const JobCommand& command, const Json& job,
                                       const std::string& timeout);

// Checks what can be known of `flags` before the job that `body` describes is made. Errors: usage.
[[nodiscard]] Outcome check_wait(JobKind kind, const WaitFlags& flags, const Json& body);

}  // namespace nats3::cli
