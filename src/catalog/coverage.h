// Coverage: what one filter's chunks have covered of an epoch, or did before they were deleted
// on purpose, as far as they were listed; so that a missing one is noticed. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "archive/epoch.h"
#include "archive/sequence_ranges.h"
#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

struct Coverage {
  std::string filter;
  std::uint64_t limit = UINT64_MAX;  // up to where it is complete, and to be read
  archive::SequenceRanges deleted;
  std::uint64_t last = 0;  // at most `limit`

  // At the beginning of an epoch, as `selection` wants it. `over`: nothing more comes to the epoch.
  // Blocks on the store. Errors: those of Catalog.
  static Result<Coverage> open(const Catalog& catalog, const archive::EpochDescription& epoch,
                               const std::string& filter, const Selection& selection, bool over);

  // A chunk that ends at `sequence` was listed.
  void reach(std::uint64_t sequence);

  // Whether nothing is missing before a chunk that names `previous`, when all up to `floor` is
  // known to be there: nullopt; else up to where that is known. Asks again for what was deleted
  // since, by somebody else. Blocks on the store. Errors: those of Catalog.
  Result<std::optional<std::uint64_t>> missing_after(const Catalog& catalog,
                                                     const std::string& epoch,
                                                     std::uint64_t previous, std::uint64_t floor);
};

}  // namespace nats3::catalog
