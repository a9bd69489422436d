// Version-1 chunks, the ones nats-s3-connector wrote: read here, never written.
//
// A chunk is one object, JSON or binary, without compression, frames or an index: it is read whole.
// Its messages have no sequence of their own, and their time is the time of archiving, so a Message
// made from one carries its place in the chunk as `sequence`, and that time as `time`.
// Pure functions and plain values: any thread. Source: docs/format-v1.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/key.h"
#include "archive/message.h"
#include "base/error.h"

namespace nats3::archive {

// What a reader takes. Objects of nats-s3-connector are a few MB.
inline constexpr std::size_t kMaxV1ChunkBytes = std::size_t{512} << 20;
inline constexpr std::size_t kMaxV1Fields = std::size_t{1} << 22;  // header fields, all together

enum class V1Codec { kJson, kBinary };

// A chunk's file name: {seconds}-{count}.{json|bin}.
struct V1ChunkName {
  std::uint64_t seconds = 0;  // since 1970: the earliest timestamp, cut to whole seconds
  std::uint64_t count = 0;    // of messages
  V1Codec codec = V1Codec::kJson;
  bool operator==(const V1ChunkName&) const = default;
};
[[nodiscard]] std::string to_string(const V1ChunkName& name);
// Takes exactly what to_string makes of a time that a Timestamp reaches. Errors: kInvalid.
[[nodiscard]] Result<V1ChunkName> parse_v1_chunk_name(std::string_view text);

// What the keys of chunks begin with: {prefix/}{stream}/{subject}/, stream and subject as they are.
// Without a subject: the folder of the stream.
[[nodiscard]] std::string v1_folder(const StreamLocation& location, std::string_view subject = {});

// The messages of a chunk, as views into `fields` and `memory`. Moving it keeps them valid.
struct V1Chunk {
  std::vector<Message> messages;  // sequence: 1, 2, ..., the place in the chunk
  Timestamp time_min;
  Timestamp time_max;
  std::vector<HeaderField> fields;
  std::shared_ptr<const void> memory;
};

// Decodes a whole chunk. Besides `bytes` it takes memory for about as much again.
// Errors: kCorrupt, saying which check failed: the form, a length, the magic number, the version,
// the SHA-256.
[[nodiscard]] Result<V1Chunk> decode_v1_chunk(V1Codec codec, std::string bytes);

}  // namespace nats3::archive
