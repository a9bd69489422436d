// `nats3 completion SHELL` and `nats3 manual`: what is told of the command line itself.
#pragma once

#include "cli/command_line.h"

namespace nats3::cli {

void declare_document_commands(CommandLine& line);

}  // namespace nats3::cli
