// ChunkIndex: what the end of a chunk tells about it, so that a reader fetches only what it needs.
//
//   auto end = <the last kTailFetchBytes of the object, or all of it when it is smaller>;
//   auto tail = parse_tail(end, object_size);
//   if (end.size() < tail->index_bytes) end = <the last tail->index_bytes bytes>;
//   auto index = ChunkIndex::parse(end, object_size);
//   for each index->frames[i] wanted: decode_frame(*index, i, <that range of the object>);
//
// Pure functions on plain values: any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "archive/chunk.h"
#include "archive/subject_summary.h"
#include "base/digest.h"
#include "base/error.h"

namespace nats3::archive {

inline constexpr std::size_t kTailBytes = 48;
// A first guess at how much of the end holds tail and footer: right for most chunks.
inline constexpr std::size_t kTailFetchBytes = 64 << 10;

// The fixed-size end of a chunk.
struct ChunkTail {
  std::uint64_t footer_offset = 0;
  std::uint32_t footer_size = 0;
  std::uint64_t file_size = 0;
  std::uint64_t footer_hash = 0;  // XXH3-64 of the footer frame
  std::uint64_t index_bytes = 0;  // how much of the end of the file ChunkIndex::parse needs
};

struct ChunkIndex {
  // Reads the index off `end`, which holds at least the last `index_bytes` of the object.
  // Errors: as parse_tail, and kCorrupt for a footer that fails its hash or contradicts itself;
  // kInvalid when `end` is too short.
  [[nodiscard]] static Result<ChunkIndex> parse(std::string_view end, std::uint64_t object_size);

  ChunkHeader header;
  ChunkSummary summary;
  std::vector<FrameInfo> frames;  // at least one, ascending, without gaps in the file
  SubjectSummary subjects;
  Sha256Digest sha256{};  // of the file up to the footer
  std::uint64_t file_size = 0;

  // Whether some message may have a subject that `filter` selects. True when it isn't known.
  [[nodiscard]] bool may_contain_subject(std::string_view filter) const {
    return subjects.may_contain(filter);
  }
  // Whether some message of a frame may, numbered from 0. True when it isn't known.
  [[nodiscard]] bool may_contain_subject(std::string_view filter, std::size_t frame) const {
    return subjects.may_contain(filter, frame);
  }
  bool operator==(const ChunkIndex&) const = default;
};

// Reads the tail off `end`, the last bytes of an object of `object_size` bytes.
// Errors: kCorrupt for what is no chunk, a chunk that was cut or grew; kInvalid for one of a newer
// format.
[[nodiscard]] Result<ChunkTail> parse_tail(std::string_view end, std::uint64_t object_size);

// Whether two chunks hold the same messages in the same encoding, whatever compressed them.
[[nodiscard]] bool same_content(const ChunkIndex& a, const ChunkIndex& b);

// For the writer: the header frame, and footer and tail for a file that ends before them.
[[nodiscard]] std::string make_header_frame(const ChunkHeader& header);
[[nodiscard]] std::string make_index(const ChunkIndex& index, std::uint64_t footer_offset);

// For readers that have the beginning: reads the header frame, and says how long it is.
struct HeaderFrame {
  ChunkHeader header;
  std::size_t size = 0;
};
// Errors: kCorrupt; kInvalid for a newer format.
[[nodiscard]] Result<HeaderFrame> parse_header_frame(std::string_view begin);

// For fuzzing: ChunkIndex::parse without the tail and its hash.
[[nodiscard]] Result<ChunkIndex> parse_footer(std::string_view payload,
                                              std::uint64_t footer_offset);

}  // namespace nats3::archive
