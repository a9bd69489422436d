// Removes chunks that were replayed, and notes in watermark.json that they were: a missing chunk is
// told from one of these by nothing else.
#pragma once

#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

// Removes `chunks`, once the watermarks of their filters say so; version-1 chunks have none. Those
// that are removed leave `chunks`. Blocks on the store; any thread. Errors: those of ObjectStore;
// kCorrupt for a watermark that can't be read.
[[nodiscard]] Result<void> remove_chunks(const Catalog& catalog,
                                         std::vector<FinishedChunk>& chunks);

}  // namespace nats3::catalog
