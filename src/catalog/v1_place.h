// Where a version-1 chunk stands among those of its stream, as text.
//
// The old generation has no sequences, so each chunk is read like a tiny epoch of its own: its
// place is the `epoch` of a batch and of a Position, and the place of a message in the chunk is the
// sequence. A place is made of what orders chunks (earliest timestamp, latest timestamp) and of a
// hash of the key, so it needs no chunk to be compared with: a reader goes on after a place even
// when the chunk has been deleted since. Places sort as texts, before the names of all epochs and
// after the empty one; they are 74 bytes of ASCII without spaces, since they travel in message ids:
//   !v1=20261123T201316.850861165Z-20261123T201316.850866906Z-0123456789abcdef
// Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace nats3::catalog {

// Which folders of a stream a reader has chosen. A position keeps it, so that a reader which goes
// on after the last chunk of a folder was deleted doesn't begin with others.
enum class V1Choice {
  kNamed,        // the one whose subject is the one asked for
  kOverlapping,  // all whose subjects have some subject in common with it
};

[[nodiscard]] std::string v1_place(V1Choice choice, Timestamp time_min, Timestamp time_max,
                                   std::string_view key);
// The place of a chunk that can't be read: behind all others of its second.
[[nodiscard]] std::string v1_place_of_damaged(V1Choice choice, std::uint64_t second,
                                              std::string_view key);

// Whether `epoch` is a place in the old generation, and not an epoch's name.
[[nodiscard]] bool is_v1_place(std::string_view epoch);

struct V1PlaceParts {
  V1Choice choice = V1Choice::kNamed;
  std::uint64_t second = 0;  // since 1970
};
// Errors: kCorrupt for what v1_place can't have made.
[[nodiscard]] Result<V1PlaceParts> parse_v1_place(std::string_view place);

}  // namespace nats3::catalog
