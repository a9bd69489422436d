// Position: a place in the archive of one stream.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace nats3::catalog {

// Just after the message of this sequence in this epoch. Epochs sort by name; an empty one stands
// for the beginning.
struct Position {
  std::string epoch;
  std::uint64_t sequence = 0;
  auto operator<=>(const Position&) const = default;
};

}  // namespace nats3::catalog
