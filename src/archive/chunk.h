// What a chunk is made of, as values: the header it begins with, the frames its records are in, and
// the summary of them all. A chunk is one object of the archive: messages of one stream, one epoch
// and one filter, ascending by sequence. docs/format.md specifies the bytes.
//
// Plain values: any thread may copy and read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace nats3::archive {

// How records are written. The numbers are those of the chunk header.
enum class Encoding : std::uint8_t {
  kBinary = 1,  // compact
  kJson = 2,    // one JSON object a line
};

inline constexpr std::uint16_t kFormatVersion = 2;

// Limits: the writer keeps them and the reader refuses what breaks them, so that bytes from outside
// can't make it allocate more than about 500 MiB for a frame.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{128} << 20;  // uncompressed
inline constexpr std::size_t kMaxFrames = 65'536;                      // of a chunk
inline constexpr std::size_t kMaxFrameMessages = std::size_t{1} << 20;
inline constexpr std::size_t kMaxFrameFields = std::size_t{1} << 20;  // header fields, all together
inline constexpr std::size_t kMaxNameBytes = 65'535;                  // stream, epoch, filter
inline constexpr int kMaxWindowLog = 23;                              // of a zstd frame
// Subject, headers and payload of a message: NATS allows 64 MiB of headers and payload.
inline constexpr std::size_t kMaxContentBytes = std::size_t{65} << 20;

// What a chunk says of itself: enough to know where it belongs without its key.
struct ChunkHeader {
  std::string stream;
  std::string epoch;
  std::string filter;  // the subject, with wildcards, that selected the messages
  // The last sequence that was archived of this epoch and filter before this chunk, by which a
  // reader notices that a chunk between two is missing. 0: there was none, or it isn't known.
  std::uint64_t previous = 0;
  Encoding encoding = Encoding::kBinary;
  bool operator==(const ChunkHeader&) const = default;
};

// The messages of a chunk or of one of its frames, in short.
struct ChunkSummary {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t count = 0;
  std::uint64_t content_bytes = 0;  // subjects, headers, payloads
  Timestamp time_min;
  Timestamp time_max;
  bool operator==(const ChunkSummary&) const = default;
};

// One zstd frame of records.
struct FrameInfo {
  std::uint64_t offset = 0;  // in the file
  std::uint32_t compressed_bytes = 0;
  std::uint32_t uncompressed_bytes = 0;
  std::uint32_t count = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  Timestamp time_min;
  Timestamp time_max;
  std::uint64_t content_hash = 0;  // XXH3-64 of the uncompressed bytes
  bool operator==(const FrameInfo&) const = default;
};

}  // namespace nats3::archive
