// V1Lister: version-1 chunks of several folders, second by second, without holding more than a page
// of each listing. Keys tell no more than the second, so that its chunks come together, to be
// ordered by what is in them. Not thread-safe. Blocks on the store.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "archive/v1_chunk.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/v1_folders.h"

namespace nats3::catalog {

// A version-1 chunk as a listing shows it.
struct V1ChunkRef {
  std::string key;
  std::uint64_t object_bytes = 0;
  std::string subject;  // of its folder
  archive::V1ChunkName name;
};

class V1Lister {
 public:
  // Leaves out chunks of seconds before `from`. `catalog` outlives the lister.
  V1Lister(const Catalog& catalog, const std::vector<V1Folder>& folders, std::uint64_t from);

  // The chunks of the next second that has any, or none after the last.
  [[nodiscard]] Result<std::vector<V1ChunkRef>> next_second();

 private:
  // Keys are listed once for each number of digits, ascending: among keys of one number of digits
  // the order of bytes is that of time.
  struct Listing {
    V1Folder folder;  // its digits: those still to be listed
    std::deque<V1ChunkRef> page;
    std::string token;
  };

  Result<void> fill(Listing& listing);
  Result<void> next_page(Listing& listing);

  const Catalog& catalog_;
  const std::uint64_t from_;
  std::vector<Listing> listings_;
};

}  // namespace nats3::catalog
