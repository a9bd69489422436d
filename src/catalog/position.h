// Position: how far the archive of one stream has been read.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "catalog/v1_place.h"

namespace nats3::catalog {

// Epochs sort by name; an empty one stands for the beginning. Filters of an epoch are archived by
// jobs of their own, each at its pace, so a position is one sequence for each: a chunk that arrives
// late is still ahead of its filter's. Before all epochs come version-1 chunks, each like an epoch
// of its own: `epoch` is then its place (v1_place.h), `sequence` the place of a message in it.
struct Position {
  std::string epoch;
  std::uint64_t sequence = 0;  // the highest that was read
  std::map<std::string, std::uint64_t>
      reached;  // filter -> all of its messages up to here were read
  bool operator==(const Position&) const = default;

  // The highest sequence of the stream that was read: 0 among version-1 chunks, which don't tell.
  [[nodiscard]] std::uint64_t stream_sequence() const { return is_v1_place(epoch) ? 0 : sequence; }
};

}  // namespace nats3::catalog
