// `nats3 archive list` and `nats3 archive show`: what is in a bucket.
#pragma once

#include "cli/command_line.h"

namespace nats3::cli {

void declare_archive_commands(CommandLine& line);

}  // namespace nats3::cli
