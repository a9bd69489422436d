// `nats3 job export`: the definitions of all jobs in one JSON file.
//
//   {"nats3_jobs": 1, "exported": "2026-11-24T01:54:25.123456789Z",
//    "store_jobs": [...], "load_jobs": [...]}
//
// each job as the API answers it.
#pragma once

#include <string>

#include "cli/command_line.h"

namespace nats3::cli {

// Of the form above; a reader refuses a larger one.
constexpr int kExportVersion = 1;

// Writes to `file`, or to standard output when it's "". Errors: what the server says; a file that
// can't be written.
[[nodiscard]] Outcome export_jobs(const Session& session, const std::string& file);

}  // namespace nats3::cli
