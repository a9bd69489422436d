// ReplayReader: all that is archived of a stream, oldest first: version-1 chunks that
// nats-s3-connector left, then the archive. Both have the same shape, so what replays them need not
// know which it reads.
// Not thread-safe: calls must not overlap, but may come from different threads. Blocks on the
// store.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "catalog/archive_reader.h"
#include "catalog/catalog.h"
#include "catalog/v1_reader.h"

namespace nats3::catalog {

class ReplayReader {
 public:
  // `catalog` outlives the reader. A selection after a position in the archive leaves version-1
  // chunks out.
  ReplayReader(const Catalog& catalog, const Selection& selection, OnDamage on_damage);

  // See ArchiveReader::next() and V1Reader::next().
  [[nodiscard]] Result<std::optional<ReadBatch>> next();

 private:
  std::optional<V1Reader> v1_;  // until it has been read to its end
  ArchiveReader archive_;
};

// An upper bound of how many messages a ReplayReader yields. Errors: as its next(), but for damage.
[[nodiscard]] Result<std::uint64_t> count_replayed(const Catalog& catalog,
                                                   const Selection& selection);

// Whether there is anything to be read for `selection`, now or earlier: chunks of either
// generation, an epoch, or a position that was reached. Errors: those of ObjectStore; kInvalid when
// version-1 folders overlap; kCorrupt for an epoch without its description.
[[nodiscard]] Result<bool> is_archived(const Catalog& catalog, const Selection& selection);

}  // namespace nats3::catalog
