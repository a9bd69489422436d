#include "jobs/manager/assignment.h"

#include <algorithm>
#include <map>

namespace nats3::jobs {

Plan plan_assignment(std::vector<AssignedJob> jobs, const std::vector<std::string>& servers,
                     const std::string& self) {
  Plan plan;
  std::map<std::string, std::size_t> held;
  for (const std::string& server : servers) {
    held[server] = 0;
  }
  if (held.empty()) {
    return plan;
  }
  std::ranges::sort(jobs, {}, &AssignedJob::id);
  std::vector<const AssignedJob*> orphans;
  std::vector<const AssignedJob*> own;
  for (const AssignedJob& job : jobs) {
    if (const auto holder = held.find(job.holder); holder != held.end()) {
      ++holder->second;
      if (job.holder == self) {
        own.push_back(&job);
      }
    } else {
      orphans.push_back(&job);
    }
  }
  const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
  for (const AssignedJob* orphan : orphans) {
    const auto fewest = std::ranges::min_element(held, by_count);
    ++fewest->second;
    if (fewest->first == self) {
      plan.claim.push_back(orphan->id);
    }
  }
  // Every move goes from the fullest to the emptiest; those that start here are ours.
  while (orphans.empty()) {
    const auto most = std::ranges::max_element(held, by_count);
    const auto fewest = std::ranges::min_element(held, by_count);
    if (most->second < fewest->second + 2) {
      break;
    }
    --most->second;
    ++fewest->second;
    if (most->first == self) {
      plan.release.push_back(own.back()->id);
      own.pop_back();
    }
  }
  return plan;
}

}  // namespace nats3::jobs
