// What a store job's chunks have in common, whichever way they are made. Pure functions: any
// thread.
#pragma once

#include <string>

#include "archive/chunk_draft.h"
#include "archive/key.h"
#include "base/error.h"
#include "jobs/job_record.h"

namespace nats3::jobs {

// What all chunks of a job name alike.
struct ChunkSpec {
  std::string stream;
  std::string epoch;
  std::string filter;
  Codec codec = Codec::kBinary;
};

[[nodiscard]] archive::ChunkOptions chunk_options(const ChunkSpec& spec, std::uint64_t previous);

[[nodiscard]] archive::ChunkName chunk_name(const ChunkRange& range, Codec codec);

// A chunk that was to hold `range`. Errors: its own; kInternal when it holds another.
[[nodiscard]] Result<archive::Chunk> checked(Result<archive::Chunk> chunk, const ChunkRange& range,
                                             Codec codec);

}  // namespace nats3::jobs
