#include "catalog/fetch_index.h"

#include <algorithm>

namespace nats3::catalog {

Result<FetchedIndex> fetch_index(object::ObjectStore& store, const std::string& key,
                                 std::uint64_t object_bytes) {
  if (object_bytes < archive::kTailBytes) {
    return fail(ErrorCode::kCorrupt, "smaller than the smallest chunk: cut off, or no chunk");
  }
  FetchedIndex fetched;
  const auto fetch_end = [&](std::uint64_t size) {
    fetched.read_bytes += size;
    return store.get(key, object::ByteRange{object_bytes - size, size});
  };
  auto end = fetch_end(std::min<std::uint64_t>(object_bytes, archive::kTailFetchBytes));
  if (!end) {
    return fail(end.error());
  }
  auto tail = archive::parse_tail(*end, object_bytes);
  if (!tail) {
    return fail(tail.error());
  }
  if (end->size() < tail->index_bytes) {
    end = fetch_end(tail->index_bytes);
    if (!end) {
      return fail(end.error());
    }
  }
  auto index = archive::ChunkIndex::parse(*end, object_bytes);
  if (!index) {
    return fail(index.error());
  }
  fetched.index = std::move(*index);
  return fetched;
}

}  // namespace nats3::catalog
