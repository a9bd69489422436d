// FilterFolder: what is beside the chunks of one epoch and filter, for who verifies these. A
// document that is damaged counts as one that isn't there: it is told where it stands in the
// listing. Not thread-safe. Blocks on the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "archive/epoch.h"
#include "archive/key.h"
#include "archive/sequence_ranges.h"
#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

struct FilterFolder {
  std::string epoch;
  std::string component;  // of the filter
  std::string filter;
  archive::SequenceRanges deleted;  // on purpose
  std::uint64_t shared = 0;         // up to where an earlier epoch has it
  std::optional<std::uint64_t> complete;

  // The folder of `location`, which is in `epoch`. Errors: those of ObjectStore.
  static Result<FilterFolder> open(const Catalog& catalog, const archive::EpochDescription& epoch,
                                   const archive::ChunkLocation& location);

  // Reads what was deleted: a load notes it before it deletes. Errors: those of ObjectStore.
  Result<void> read_deleted(const Catalog& catalog);
};

}  // namespace nats3::catalog
