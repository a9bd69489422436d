// `nats3 config ...`: what the command line remembers of a user.
#pragma once

#include "cli/command_line.h"

namespace nats3::cli {

void declare_config_commands(CommandLine& line);

}  // namespace nats3::cli
