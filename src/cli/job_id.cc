#include "cli/job_id.h"

#include <fmt/format.h>

#include <vector>

#include "cli/job_values.h"
#include "cli/text_width.h"

namespace nats3::cli {
namespace {

constexpr std::size_t kIdLength = 36;  // of a UUID
constexpr std::size_t kMostListed = 10;

std::vector<std::string> ids_of(const Json& jobs, const auto& is_meant) {
  std::vector<std::string> ids;
  for (const Json& job : jobs) {
    if (is_meant(job)) {
      ids.push_back(text_at(job, "/id"));
    }
  }
  return ids;
}

}  // namespace

tl::expected<std::string, Failure> find_job_id(const JobCommand& command,
                                               const std::string& named) {
  if (named.size() >= kIdLength) {
    return named;
  }
  const auto jobs = command.client.get(job_route(command.kind, "s"));
  if (!jobs) {
    return failed(jobs.error());
  }
  std::vector<std::string> ids =
      ids_of(*jobs, [&](const Json& job) { return text_at(job, "/name") == named; });
  if (ids.empty()) {
    ids = ids_of(*jobs, [&](const Json& job) { return text_at(job, "/id").starts_with(named); });
  }
  if (ids.size() == 1) {
    return ids.front();
  }
  const std::string shown = printable(named);
  if (ids.empty()) {
    return failed(
        fmt::format("no {0} job has the id or the name '{1}': 'nats3 {0} list' shows them",
                    to_string(command.kind), shown));
  }
  const std::size_t count = ids.size();
  ids.resize(std::min(count, kMostListed));
  return failed(fmt::format("{} {} jobs are '{}': say which by its id: {}{}", count,
                            to_string(command.kind), shown, fmt::join(ids, ", "),
                            count > ids.size() ? ", ..." : ""));
}

}  // namespace nats3::cli
