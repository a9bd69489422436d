// Removes the oldest chunks of an archive, whether they were replayed or not, and notes in
// watermark.json that they were: a chunk that is missing without such a note ends a replay.
//
// Of each filter, in each epoch, they are the chunks from its first on, up to the first one that
// has a message of `before` or later: a chunk goes as a whole, and what follows one that stays,
// stays. So does what comes after the end of complete.json, and version-1 chunks, whose names don't
// tell when they end.
//
// Blocks on the store; any thread. Errors: those of ObjectStore; kNotFound when nothing is
// archived; kCorrupt, naming the object. Called again, they go on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/chunk_totals.h"

namespace nats3::catalog {

struct Pruned {
  ChunkTotals totals;
  std::uint64_t stored_bytes = 0;  // of the objects
  bool more = false;               // there are older ones left
};

// What prune() would remove in the end.
[[nodiscard]] Result<Pruned> find_prunable(const Catalog& catalog, Timestamp before);

// Removes at most `most` chunks.
[[nodiscard]] Result<Pruned> prune(const Catalog& catalog, Timestamp before, std::size_t most);

}  // namespace nats3::catalog
