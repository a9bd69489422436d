// compress_frame: the content of a frame to the zstd frame that holds it in a chunk.
//
// Any thread. Each thread that calls it keeps what zstd needs, one to three MB, since setting that
// up for each frame costs as much as compressing some.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace nats3::archive {

struct CompressedFrame {
  std::string bytes;
  std::uint32_t content_bytes = 0;
  std::uint64_t content_hash = 0;  // XXH3-64
};

// `level` is one that ChunkOptions takes. Errors: kInternal when zstd fails.
[[nodiscard]] Result<CompressedFrame> compress_frame(std::string_view content, int level);

}  // namespace nats3::archive
