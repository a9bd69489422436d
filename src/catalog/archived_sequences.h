// Which messages are in the bucket, by their sequences alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

// The sequences above `after` and up to `up_to` of what is archived of `filter` in `epoch`,
// ascending; at most about `kMostSequences` of them, the lowest. Only chunks whose names leave it
// open are fetched; of damaged ones what can be read. Any thread; blocks on the store.
// Errors: those of ObjectStore.
inline constexpr std::size_t kMostSequences = 500'000;
[[nodiscard]] Result<std::vector<std::uint64_t>> archived_sequences(const Catalog& catalog,
                                                                    const std::string& epoch,
                                                                    const std::string& filter,
                                                                    std::uint64_t after,
                                                                    std::uint64_t up_to);

}  // namespace nats3::catalog
