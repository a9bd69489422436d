// `nats3 store ...` and `nats3 load ...`: their commands and flags. What they do is in
// job_commands.h, watch.h and wait.h.
#pragma once

#include <string>

#include "cli/command_line.h"
#include "cli/job_fields.h"

namespace nats3::cli {

void declare_job_commands(CommandLine& line, JobKind kind, const std::string& help);

}  // namespace nats3::cli
