// How jobs are shown: the JSON the server gave, or tables made of it.
#pragma once

#include "base/json.h"
#include "cli/io.h"
#include "cli/job_fields.h"
#include "cli/user_config.h"

namespace nats3::cli {

// Prints `json` over several lines.
void print_json(Io& io, const Json& json);

// Prints a table of `jobs`, an array as the server lists it, and below it what jobs wait for or
// failed of. What isn't as a server of this version gives it is left blank.
void print_jobs(Io& io, JobKind kind, const Json& jobs);

// Prints all of one job, a line for each key.
void print_job(Io& io, const Json& job);

}  // namespace nats3::cli
