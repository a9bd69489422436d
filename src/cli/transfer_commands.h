// `nats3 job export` and `nats3 job import`: all jobs out of a server and into another.
#pragma once

#include "cli/command_line.h"

namespace nats3::cli {

void declare_transfer_commands(CommandLine& line);

}  // namespace nats3::cli
