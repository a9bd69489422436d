// JobSharing: has this server work at its share of the jobs, as servers come and go.
//
// Which share that is says assignment.h; this gathers what that needs to know, and begins and gives
// away jobs. It takes up again what is on record as this server's and isn't at work, and leaves
// jobs of servers without a lease alone until its own lease is old enough: after an outage of NATS
// all leases are gone, and the others are about to renew theirs. Not thread-safe. Calls may block
// on NATS for a few requests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "jobs/job_environment.h"
#include "jobs/job_service.h"
#include "jobs/manager/assignment.h"
#include "jobs/manager/job_tables.h"
#include "jobs/membership.h"

namespace nats3::jobs {

class JobSharing {
 public:
  // All outlive this.
  JobSharing(const JobEnvironment& environment, Membership& membership, JobTables& tables)
      : environment_(environment), membership_(membership), tables_(tables) {}

  // One round; this server's lease must be held.
  void share_out();

  // Those with a lease, and how many jobs each works at. Thread-safe, unlike the round.
  [[nodiscard]] std::vector<ServerStatus> servers() const;

 private:
  template <typename Table>
  void claim_own(Table& table, const std::vector<typename Table::Job>& jobs);
  [[nodiscard]] std::vector<AssignedJob> claim_and_gather();
  [[nodiscard]] bool may_take_over() const;
  template <typename Act>
  void each_job(const std::vector<std::string>& ids, Act act);

  const JobEnvironment& environment_;
  Membership& membership_;
  JobTables& tables_;
  bool settled_ = false;                             // it has been at work once
  std::map<std::string, MonotonicTime> idle_since_;  // jobs on record as ours, without a runner
};

}  // namespace nats3::jobs
