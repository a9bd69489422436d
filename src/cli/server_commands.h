// `nats3 servers`: the servers that share the jobs, and how many each works at.
#pragma once

#include "cli/command_line.h"

namespace nats3::cli {

void declare_server_commands(CommandLine& line);

}  // namespace nats3::cli
