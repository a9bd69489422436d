// Which messages are in the bucket, by their sequences alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

// It looks into so many chunks, the first by their first sequence, and then tells what it found.
inline constexpr int kMostChunksRead = 64;

// The sequences above `after` and up to `up_to` of what is archived of `filter` in `epoch`,
// ascending. Each chunk's index is fetched; of a chunk with gaps in it all else that may be wanted,
// too. What of a chunk can't be read isn't told. Any thread; blocks on the store.
// Errors: those of ObjectStore.
[[nodiscard]] Result<std::vector<std::uint64_t>> archived_sequences(const Catalog& catalog,
                                                                    const std::string& epoch,
                                                                    const std::string& filter,
                                                                    std::uint64_t after,
                                                                    std::uint64_t up_to);

}  // namespace nats3::catalog
