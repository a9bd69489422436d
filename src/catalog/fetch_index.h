// Fetching the index at the end of a chunk.
#pragma once

#include <cstdint>
#include <string>

#include "archive/chunk_index.h"
#include "base/error.h"
#include "object/object_store.h"

namespace nats3::catalog {

struct FetchedIndex {
  archive::ChunkIndex index;
  std::uint64_t read_bytes = 0;
};

// Errors: kNotFound; kCorrupt for what is no whole chunk; those of ObjectStore. Messages don't name
// the key.
[[nodiscard]] Result<FetchedIndex> fetch_index(object::ObjectStore& store, const std::string& key,
                                               std::uint64_t object_bytes);

}  // namespace nats3::catalog
