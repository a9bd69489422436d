// What the two codecs of version-1 chunks share. For v1_*.cc only.
#pragma once

#include <string>
#include <string_view>

#include "archive/v1_chunk.h"
#include "base/digest.h"

namespace nats3::archive::v1 {

inline constexpr std::string_view kMagic = "NATS3";
inline constexpr std::string_view kVersion = "1.0";

[[nodiscard]] Result<V1Chunk> decode_json(const std::string& bytes);
[[nodiscard]] Result<V1Chunk> decode_binary(std::string bytes);

[[nodiscard]] inline tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(ErrorCode::kCorrupt, std::string("version-1 chunk: ").append(why));
}

// Errors: kCorrupt. `hash` is what the chunk says, `actual` what its block has.
[[nodiscard]] Result<void> check_envelope(std::string_view magic, std::string_view version,
                                          std::string_view hash, const Sha256Digest& actual);

// Numbers the messages and gives each its headers: `header_ends` has, by message, where in `fields`
// its headers end.
void connect(V1Chunk& chunk, const std::vector<std::size_t>& header_ends);

}  // namespace nats3::archive::v1
