// From the messages of a store job to the chunk in the bucket. Pure functions: any thread.
#pragma once

#include <string>
#include <vector>

#include "archive/key.h"
#include "archive/message.h"
#include "base/error.h"
#include "jobs/job_record.h"

namespace nats3::jobs {

[[nodiscard]] archive::ChunkName chunk_name(const ChunkRange& range, Codec codec);

// The bytes of the chunk that holds `messages`, whose range is `range`. Errors: kInvalid for a
// message that the format can't hold; kInternal when the outcome isn't that range.
[[nodiscard]] Result<std::string> encode_chunk(
    const StoreSpec& spec, const std::string& epoch, const ChunkRange& range,
    const std::vector<const archive::Message*>& messages);

}  // namespace nats3::jobs
