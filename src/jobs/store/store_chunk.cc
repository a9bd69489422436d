#include "jobs/store/store_chunk.h"

namespace nats3::jobs {
namespace {

archive::Encoding encoding_of(Codec codec) {
  return codec == Codec::kJson ? archive::Encoding::kJson : archive::Encoding::kBinary;
}

}  // namespace

archive::ChunkOptions chunk_options(const ChunkSpec& spec, std::uint64_t previous) {
  return {.stream = spec.stream,
          .epoch = spec.epoch,
          .filter = spec.filter,
          .previous = previous,
          .encoding = encoding_of(spec.codec)};
}

archive::ChunkName chunk_name(const ChunkRange& range, Codec codec) {
  return {.first = range.first,
          .last = range.last,
          .time_min = range.time_min,
          .time_max = range.time_max,
          .count = range.count,
          .encoding = encoding_of(codec)};
}

Result<archive::Chunk> checked(Result<archive::Chunk> chunk, const ChunkRange& range, Codec codec) {
  if (chunk &&
      archive::chunk_name(chunk->summary, encoding_of(codec)) != chunk_name(range, codec)) {
    return fail(ErrorCode::kInternal, "a chunk isn't the range that was put on record for it");
  }
  return chunk;
}

}  // namespace nats3::jobs
