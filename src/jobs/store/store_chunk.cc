#include "jobs/store/store_chunk.h"

#include "archive/chunk_writer.h"

namespace nats3::jobs {
namespace {

archive::Encoding encoding_of(Codec codec) {
  return codec == Codec::kJson ? archive::Encoding::kJson : archive::Encoding::kBinary;
}

}  // namespace

archive::ChunkName chunk_name(const ChunkRange& range, Codec codec) {
  return {.first = range.first,
          .last = range.last,
          .time_min = range.time_min,
          .time_max = range.time_max,
          .count = range.count,
          .encoding = encoding_of(codec)};
}

Result<std::string> encode_chunk(const StoreSpec& spec, const std::string& epoch,
                                 const ChunkRange& range,
                                 const std::vector<const archive::Message*>& messages) {
  archive::ChunkWriter writer({.stream = spec.stream,
                               .epoch = epoch,
                               .filter = spec.subject,
                               .previous = range.previous,
                               .encoding = encoding_of(spec.codec)});
  for (const archive::Message* message : messages) {
    if (auto added = writer.add(*message); !added) {
      return fail(added.error());
    }
  }
  auto chunk = writer.finish();
  if (!chunk) {
    return fail(chunk.error());
  }
  if (archive::chunk_name(chunk->summary, encoding_of(spec.codec)) !=
      chunk_name(range, spec.codec)) {
    return fail(ErrorCode::kInternal, "a chunk isn't the range that was put on record for it");
  }
  return std::move(chunk->bytes);
}

}  // namespace nats3::jobs
