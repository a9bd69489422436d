// Whether two chunks whose ranges overlap hold the same under each sequence that both have. Of both
// it fetches only frames that can hold one. Any thread; blocks on the store.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

struct ChunkOverlap {
  std::uint64_t same = 0;  // messages that both hold
  // The first sequence under which they hold different messages; nothing after it is compared.
  std::optional<std::uint64_t> different;
  std::uint64_t read_bytes = 0;  // fetched, when all was compared
};

// What can't be read because a chunk is damaged isn't compared: that is told where the chunk itself
// is checked. Errors: those of ObjectStore.
[[nodiscard]] Result<ChunkOverlap> compare_overlap(const Catalog& catalog, const ChunkRef& earlier,
                                                   const ChunkRef& later);

}  // namespace nats3::catalog
