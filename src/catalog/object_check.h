// Whether the bytes of an object are what its key tells of, and if not, what is wrong with them.
// Pure functions: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/chunk_index.h"
#include "archive/key.h"
#include "archive/v1_chunk.h"
#include "base/error.h"
#include "catalog/finding.h"

namespace nats3::catalog {

// No object above this is read into memory to be checked: it is far more than the largest chunk
// that a job may be told to write.
inline constexpr std::uint64_t kMaxObjectBytes = std::uint64_t{2} << 30;

struct ChunkFlaw {
  FindingKind kind = FindingKind::kDamaged;
  std::string what;
};

struct ChunkVerdict {
  std::optional<ChunkFlaw> flaw;             // nullopt: it is whole, and the one that its key names
  std::optional<archive::ChunkIndex> index;  // when there is no flaw
  std::optional<archive::ChunkHeader> header;  // as far as it can be believed
};

// Makes every check that docs/format.md has. `location`: what the object's key says.
[[nodiscard]] ChunkVerdict check_chunk(const std::string& stream,
                                       const archive::ChunkLocation& location,
                                       std::string_view bytes);

// A chunk of nats-s3-connector, whose key says little. Errors: kCorrupt.
[[nodiscard]] Result<void> check_v1_chunk(const archive::V1ChunkName& name, std::string bytes);

// The document `name` of an epoch: `stream.json`, or a filter's `watermark.json` or
// `complete.json`. Errors: kCorrupt.
[[nodiscard]] Result<void> check_document(std::string_view name, std::string_view text);

}  // namespace nats3::catalog
