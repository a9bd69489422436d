// What the two codecs of version-1 chunks share. For v1_*.cc only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/v1_chunk.h"
#include "base/digest.h"

namespace nats3::archive::v1 {

inline constexpr std::string_view kMagic = "NATS3";
inline constexpr std::string_view kVersion = "1.0";

// What the hash covers of a message and nobody else wants.
struct Unused {
  std::string_view timestamp;  // as it was written
  std::uint64_t length = 0;
  std::uint64_t sequence = 0;
  bool has_headers = false;
};

// What a JSON document says.
struct Document {
  V1Chunk chunk;
  std::vector<Unused> unused;  // by message
  std::vector<std::size_t> header_ends;
  std::string timestamp_min;
  std::string timestamp_max;
  std::uint64_t bytes_total = 0;
  std::string magic;
  std::string version;
  std::string hash;
};

// SHA-256 of the binary form of the block.
[[nodiscard]] Sha256Digest block_hash(const Document& document);

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
