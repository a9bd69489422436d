#include "archive/chunk_writer.h"

#include <utility>

namespace nats3::archive {

ChunkWriter::ChunkWriter(ChunkOptions options)
    : zstd_level_(options.zstd_level), draft_(std::move(options)) {}

Result<void> ChunkWriter::add(const Message& message) {
  if (auto added = draft_.add(message); !added) {
    return added;
  }
  return compress();
}

Result<Chunk> ChunkWriter::finish() {
  draft_.end_frame();
  if (auto compressed = compress(); !compressed) {
    return fail(compressed.error());
  }
  return draft_.finish();
}

Result<void> ChunkWriter::compress() {
  for (std::string& content : draft_.take_frames()) {
    auto frame = compress_frame(content, zstd_level_);
    if (!frame) {
      return fail(frame.error());
    }
    draft_.append(std::move(*frame));
    draft_.recycle(std::move(content));
  }
  return {};
}

}  // namespace nats3::archive
