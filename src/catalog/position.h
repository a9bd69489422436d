// Position: how far the archive of one stream has been read.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace nats3::catalog {

// Epochs sort by name; an empty one stands for the beginning. Filters of an epoch are archived by
// jobs of their own, each at its pace, so a position is one sequence for each: a chunk that arrives
// late is still ahead of its filter's.
struct Position {
  std::string epoch;
  std::uint64_t sequence = 0;  // the highest that was read
  std::map<std::string, std::uint64_t>
      reached;  // filter -> all of its messages up to here were read
  bool operator==(const Position&) const = default;
};

}  // namespace nats3::catalog
