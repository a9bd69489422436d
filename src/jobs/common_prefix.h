// CommonPrefix: up to where an epoch that ended and the stream as it is now hold the same messages,
// after a server came back without its latest writes, or a stream was restored from a backup.
// Blocks on NATS and the object store.
#pragma once

#include <cstdint>
#include <string>

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

// The last archived sequence of `filter` in `epoch` at which both hold the same message, and so the
// same before it; 0 when there is none that can be compared. Errors: as above.
[[nodiscard]] Result<std::uint64_t> last_common(nats::Broker& broker,
                                                const catalog::Catalog& catalog,
                                                const nats::StreamInfo& info,
                                                const archive::EpochDescription& epoch,
                                                const std::string& filter);

}  // namespace nats3::jobs
