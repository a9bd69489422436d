#include "jobs/manager/job_sharing.h"

#include <fmt/format.h>

#include <algorithm>

namespace nats3::jobs {
namespace {

// A lease younger than this doesn't take over.
constexpr std::chrono::milliseconds kSettling = 2 * Membership::kRenewal;

std::string assigned_id(JobKind kind, const std::string& id) {
  return fmt::format("{}.{}", to_string(kind), id);
}

}  // namespace

void JobSharing::share_out() {
  std::vector<AssignedJob> jobs = claim_and_gather();
  settled_ = true;
  std::vector<std::string> servers;
  for (const ServerInfo& server : membership_.servers()) {
    servers.push_back(server.id);
  }
  if (!may_take_over()) {
    std::erase_if(jobs, [&](const AssignedJob& job) {
      return !job.holder.empty() && std::ranges::find(servers, job.holder) == servers.end();
    });
  }
  const Plan plan = plan_assignment(std::move(jobs), servers, environment_.server);
  each_job(plan.claim, [](auto& table, const std::string& job) { table.claim(job); });
  each_job(plan.release, [](auto& table, const std::string& job) { table.release(job); });
}

// Returns all jobs that are to be at work, on whichever server.
std::vector<AssignedJob> JobSharing::claim_and_gather() {
  std::vector<AssignedJob> wanted;
  tables_.each([&](auto& table) {
    table.settle();
    const auto jobs = table.list();
    claim_own(table, jobs);
    for (const auto& job : jobs) {
      if (is_wanted(job.info.status)) {
        wanted.push_back({assigned_id(table.kKind, job.info.id), job.info.server});
      }
    }
  });
  return wanted;
}

// Jobs of this server that it isn't at work at. When it has just started, an earlier process had
// them. Later it is the other way round, or it lost sight of them: if a later process had taken its
// place, it would find out by its lease.
template <typename Table>
void JobSharing::claim_own(Table& table, const std::vector<typename Table::Job>& jobs) {
  const MonotonicTime now = environment_.control.clock().monotonic();
  for (const auto& job : jobs) {
    if (!is_wanted(job.info.status) || job.info.server != environment_.server ||
        table.is_ours(job.info.id)) {
      idle_since_.erase(job.info.id);
      continue;
    }
    const auto since = idle_since_.try_emplace(job.info.id, now).first->second;
    if (!settled_ || now >= since + kSettling) {
      idle_since_.erase(job.info.id);
      table.claim(job.info.id);
    }
  }
}

bool JobSharing::may_take_over() const {
  const auto since = membership_.held_since();
  return since && environment_.control.clock().monotonic() >= *since + kSettling;
}

// Calls `act` with the table and the id of each of the jobs in a plan.
template <typename Act>
void JobSharing::each_job(const std::vector<std::string>& ids, Act act) {
  for (const std::string& id : ids) {
    tables_.each([&](auto& table) {
      const std::string prefix = assigned_id(table.kKind, "");
      if (id.starts_with(prefix)) {
        act(table, id.substr(prefix.size()));
      }
    });
  }
}

std::vector<ServerStatus> JobSharing::servers() const {
  std::vector<ServerStatus> servers;
  for (const ServerInfo& info : membership_.servers()) {
    const auto held = [&](const auto& table) {
      return static_cast<std::uint64_t>(std::ranges::count_if(
          table.list(), [&](const auto& job) { return job.info.server == info.id; }));
    };
    servers.push_back({.info = info,
                       .self = info.id == environment_.server,
                       .store_jobs = held(tables_.stores),
                       .load_jobs = held(tables_.loads),
                       .verify_jobs = held(tables_.verifications)});
  }
  return servers;
}

}  // namespace nats3::jobs
