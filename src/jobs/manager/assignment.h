// Assignment: which server runs which job. Pure: every server computes it from what all can see,
// and comes to the same plan; where they see different things, the compare-and-set on a job's
// record lets one of them have it.
#pragma once

#include <string>
#include <vector>

namespace nats3::jobs {

struct AssignedJob {
  std::string id;
  std::string holder;  // a server's id; "": none
};

struct Plan {
  std::vector<std::string> claim;    // jobs that this server is to take
  std::vector<std::string> release;  // jobs it holds that another one is to take
};

// `jobs`: all that are to run. `servers`: ids of those with a lease, `self` among them. Jobs whose
// holder isn't among them go to the servers that have fewest. A server that holds two more than
// another gives some away, so that in the end all hold as many, give or take one.
[[nodiscard]] Plan plan_assignment(std::vector<AssignedJob> jobs,
                                   const std::vector<std::string>& servers,
                                   const std::string& self);

}  // namespace nats3::jobs
