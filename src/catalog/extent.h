// Extent: how far the archive of one stream reached at some moment. Who replays up to there isn't
// led on by what is archived meanwhile, which may be what it publishes itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace nats3::catalog {

class Catalog;
struct Selection;

// Nothing comes to an epoch that is over, so only the latest one is bounded by sequences.
struct Extent {
  std::uint64_t v1_second = 0;  // of the latest version-1 chunk; 0 without any
  std::string epoch;            // the latest; "" when there was none
  // Of that epoch: filter -> the highest sequence archived. Others had nothing.
  std::map<std::string, std::uint64_t> last_sequences;
  bool operator==(const Extent&) const = default;

  // The last sequence within, of what a filter has in an epoch: 0 for nothing, UINT64_MAX for all.
  [[nodiscard]] std::uint64_t last_of(std::string_view of_epoch, const std::string& filter) const;
};

// As it is now, as far as `selection` can select something. Lists what the indexes of the latest
// epoch don't cover, and version-1 chunks unless `selection.after` has left them behind. Errors:
// those of ObjectStore; kInvalid when version-1 folders overlap; kCorrupt for an epoch without its
// description.
[[nodiscard]] Result<Extent> extent_of(const Catalog& catalog, const Selection& selection);

}  // namespace nats3::catalog
