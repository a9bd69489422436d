// Which jobs a file holds, and how to make each: an export of ours, or lists of jobs as the API and
// nats-s3-connector answer them. Pure functions; what they read is hostile.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/job_fields.h"

namespace nats3::cli {

constexpr std::size_t kMaxImportBytes = std::size_t{16} << 20;  // of one file
constexpr std::size_t kMaxImportJobs = 10'000;                  // of all files

enum class Ended { kSkip, kMakePaused };  // what to do with jobs that have ended

struct PlannedJob {
  JobKind kind = JobKind::kStore;
  std::string name;
  Timestamp created;  // 1970 when the file doesn't say
  Json body;          // of the request that makes it
  bool skip = false;
  std::string note;  // what there is to know: why it's skipped, what happens on its first run
};

// Reads the text of one file. A job of nats-s3-connector is known by what its answers lack
// (`progress`): its store jobs adopt the durable consumer it read with, which was named after the
// subject, whatever `consumer` says.
// Errors: kInvalid: not JSON, none of these forms, a job that has no kind, too many jobs.
[[nodiscard]] Result<std::vector<PlannedJob>> plan_import(std::string_view text, Ended ended);

// Puts the oldest first; jobs of one time keep the order of lists, which have the newest first.
void sort_by_age(std::vector<PlannedJob>& jobs);

// What a job does, as a text that is equal for two jobs that do the same. `job`: a body to make
// one, or an answer of the API. Of a store job its bucket, prefix, stream and subject count, as for
// the server; of a load job all that can be given.
[[nodiscard]] std::string definition_of(JobKind kind, const Json& job);

}  // namespace nats3::cli
