// Which job a user means.
#pragma once

#include <string>

#include "cli/io.h"
#include "cli/job_commands.h"

namespace nats3::cli {

// The id of the job that `named` is: its whole id, which nobody is asked about, or the first
// characters of it, or its name, where one job alone has these. Errors: failed.
[[nodiscard]] tl::expected<std::string, Failure> find_job_id(const JobCommand& command,
                                                             const std::string& named);

}  // namespace nats3::cli
