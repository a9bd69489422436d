// Files that `nats3 job import` is given.

#include "cli/import_plan.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto jobs = cli::plan_import(fuzz::as_text(data, size), cli::Ended::kMakePaused);
  if (!jobs) {
    return 0;
  }
  cli::sort_by_age(*jobs);
  for (const cli::PlannedJob& job : *jobs) {
    const Json list = Json::array({job.body});
    const auto again = cli::plan_import(list.dump(-1, ' ', false, Json::error_handler_t::replace),
                                        cli::Ended::kMakePaused);
    fuzz::require(again && again->size() == 1, "a body is a job again");
    fuzz::require(
        cli::definition_of(job.kind, again->front().body) == cli::definition_of(job.kind, job.body),
        "which does the same");
  }
  return 0;
}
