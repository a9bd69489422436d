// `nats3 archive list` and `show`: what is in a bucket; `nats3 archive read`: its messages.
#pragma once

#include "cli/command_line.h"

namespace nats3::cli {

void declare_archive_commands(CommandLine& line);

}  // namespace nats3::cli
