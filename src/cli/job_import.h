// `nats3 job import`: makes the jobs that files hold; import_plan.h says what files.
#pragma once

#include <string>
#include <vector>

#include "cli/command_line.h"

namespace nats3::cli {

struct ImportArguments {
  std::vector<std::string> files;  // "-": standard input
  bool all = false;
  bool dry_run = false;
};

// Makes the jobs, oldest first, leaving alone those that are there, and prints what became of each.
// Errors: kFailed for files that can't be read or used, before anything is made;
// kFailed when a job could not be made, after all others were tried.
[[nodiscard]] Outcome import_jobs(const Session& session, const ImportArguments& arguments);

}  // namespace nats3::cli
