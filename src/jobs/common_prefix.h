// CommonPrefix: up to where an epoch that ended and the stream as it is now hold the same messages,
// after a server came back without its latest writes, or a stream was restored from a backup.
// Blocks on NATS and the object store.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "nats/broker.h"

namespace nats3::jobs {

enum class Comparison { kSame, kDifferent, kImpossible };

// Compares the last message of `chunk` with what the stream holds under its sequence.
// Errors: those of Broker and ObjectStore; kCorrupt, naming the chunk.
[[nodiscard]] Result<Comparison> compare_last(nats::Broker& broker, const catalog::Catalog& catalog,
                                              const nats::StreamInfo& info,
                                              const catalog::ChunkRef& chunk);

// Compares the latest message up to `archived` that `filter` selects and the stream still holds:
// with what `chunks` have of it, and if they haven't got it, the time it was stored at with that of
// what was archived after it, in `chunks` or, deleted since, up to `watermark`. Errors: as above.
[[nodiscard]] Result<Comparison> compare_latest(
    nats::Broker& broker, const catalog::Catalog& catalog, const nats::StreamInfo& info,
    const std::string& filter, const std::vector<catalog::ChunkRef>& chunks,
    const archive::Watermark& watermark, std::uint64_t archived);

// The same of messages up to `shared`, of which none is archived in an epoch itself, with what
// `earlier` ones have of them: kDifferent when all do that reach so far. Damage tells nothing.
[[nodiscard]] Result<Comparison> compare_shared(nats::Broker& broker,
                                                const catalog::Catalog& catalog,
                                                const nats::StreamInfo& info,
                                                const std::string& filter,
                                                std::span<const archive::EpochDescription> earlier,
                                                std::uint64_t shared);

// The last archived sequence of `filter` in `epoch` at which both hold the same message, and so the
// same before it; 0 when there is none that can be compared. It is before what is left in the
// stream and the epoch hasn't got: that may still come. What was archived and is deleted is told by
// its time, at most up to where the epoch is complete. Errors: as above.
[[nodiscard]] Result<std::uint64_t> last_common(nats::Broker& broker,
                                                const catalog::Catalog& catalog,
                                                const nats::StreamInfo& info,
                                                const archive::EpochDescription& epoch,
                                                const std::string& filter);

}  // namespace nats3::jobs
