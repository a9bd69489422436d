// Key names: where things are in the bucket. A name tells what an object holds, so that a listing
// is enough to plan a replay, and names sort by sequence.
//
//   {prefix/}{stream}/{epoch}/stream.json                    what the stream was: see epoch.h
//   {prefix/}{stream}/{epoch}/{filter}/{chunk name}          messages
//   {prefix/}{stream}/{epoch}/{filter}/watermark.json        how far the archive reaches
//   {prefix/}{stream}/{epoch}/{filter}/complete.json         up to where nothing is missing
//   {prefix/}{stream}/{epoch}/{filter}/index.bin             chunks, a thousand at a time
//
// Every key is at most 1,024 bytes and every part between slashes at most 255, which S3, MinIO and
// file systems take. Pure functions and plain values: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "archive/chunk.h"
#include "base/error.h"

namespace nats3::archive {

inline constexpr std::size_t kMaxPrefixBytes = 400;

// Percent-encodes a stream name or a filter as one part of a key. Past 200 bytes it is cut to its
// first 160 (never within a %XX), `~` and the first 16 bytes of the SHA-256 of `text` in hex.
[[nodiscard]] std::string encode_component(std::string_view text);
// The text of a part that isn't cut. Errors: kInvalid for one that is (stream.json has the whole)
// and for what encode_component can't have made.
[[nodiscard]] Result<std::string> decode_component(std::string_view component);

// An epoch's name: the stream's `created` time when the epoch began; `ordinal` tells apart epochs
// of one `created`. Names sort by time, then ordinal: 20261124T015425.123456789Z,
// 20261124T015425.123456789Z-0002.
struct EpochName {
  Timestamp created;
  std::uint32_t ordinal = 1;  // 1 to 9,999
  auto operator<=>(const EpochName&) const = default;
};
[[nodiscard]] std::string to_string(const EpochName& name);
// Errors: kInvalid.
[[nodiscard]] Result<EpochName> parse_epoch_name(std::string_view text);

// A chunk's file name:
// {first:020}-{last:020}-{time_min}-{time_max}-{count}.{bin|ndjson}.zst, times in ns since 1970.
struct ChunkName {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  Timestamp time_min;
  Timestamp time_max;
  std::uint64_t count = 0;
  Encoding encoding = Encoding::kBinary;
  bool operator==(const ChunkName&) const = default;
};
[[nodiscard]] ChunkName chunk_name(const ChunkSummary& summary, Encoding encoding);
[[nodiscard]] std::string to_string(const ChunkName& name);
// Takes exactly what to_string makes of a possible range, so that foreign files are told apart.
// Errors: kInvalid, naming the flaw.
[[nodiscard]] Result<ChunkName> parse_chunk_name(std::string_view text);

// Where a chunk is, as its key says it.
struct ChunkLocation {
  std::string epoch;
  std::string filter_component;  // encoded, perhaps cut
  ChunkName name;
};

// A place for the archive of one stream. Every function below takes one that check_location
// accepts, and an epoch that parse_epoch_name does; then none of the keys is too long.
struct StreamLocation {
  std::string prefix;  // without slashes at its ends; may be empty
  std::string stream;
  bool operator==(const StreamLocation&) const = default;
};

// A prefix as people write it, without the slashes at its ends.
[[nodiscard]] std::string trim_prefix(std::string_view text);

// Errors: kInvalid for a prefix over kMaxPrefixBytes, with an empty part, `.`, `..`, a part over
// 255 bytes, a control character or bytes that aren't UTF-8; and for an empty stream name.
[[nodiscard]] Result<void> check_location(const StreamLocation& location);

// These end with a slash.
[[nodiscard]] std::string stream_folder(const StreamLocation& location);
[[nodiscard]] std::string epoch_folder(const StreamLocation& location, std::string_view epoch);
[[nodiscard]] std::string filter_folder(const StreamLocation& location, std::string_view epoch,
                                        std::string_view filter);

[[nodiscard]] std::string description_key(const StreamLocation& location, std::string_view epoch);
[[nodiscard]] std::string watermark_key(const StreamLocation& location, std::string_view epoch,
                                        std::string_view filter);
[[nodiscard]] std::string complete_key(const StreamLocation& location, std::string_view epoch,
                                       std::string_view filter);
[[nodiscard]] std::string index_key(const StreamLocation& location, std::string_view epoch,
                                    std::string_view filter);
[[nodiscard]] std::string chunk_key(const StreamLocation& location, std::string_view epoch,
                                    std::string_view filter, const ChunkName& name);
// What a listing starts after to find every chunk whose first sequence is `first` or above.
[[nodiscard]] std::string list_chunks_from(const StreamLocation& location, std::string_view epoch,
                                           std::string_view filter, std::uint64_t first);

// Reads the key of a chunk. Errors: kInvalid for any other object.
[[nodiscard]] Result<ChunkLocation> parse_chunk_key(const StreamLocation& location,
                                                    std::string_view key);

// The part of a key that `filter` becomes: encode_component, kept clear of `stream.json`.
[[nodiscard]] std::string filter_component(std::string_view filter);

}  // namespace nats3::archive
