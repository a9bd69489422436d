// `nats3 archive prune`: removes what is old of a stream's archive.
#pragma once

#include <CLI/App.hpp>

#include "cli/command_line.h"

namespace nats3::cli {

void declare_archive_prune(CommandLine& line, CLI::App& group);

}  // namespace nats3::cli
