// The small JSON documents beside the chunks: the description of an epoch (stream.json), and of a
// filter its watermark and up to where it is complete. Plain values: any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "archive/sequence_ranges.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

namespace nats3::archive {

// One life of a stream: sequences mean the same message throughout it.
struct EpochDescription {
  std::string stream;
  std::string name;   // of the epoch: see EpochName
  Timestamp created;  // of the stream, as the server said when the epoch began
  Json config;        // the stream's configuration, whole, as the server gave it
  // The epoch this one branched off; "" when there is none. Of each filter, by its part of a key,
  // what is up to and including this sequence is there and not here.
  std::string parent;
  std::map<std::string, std::uint64_t> parent_last_sequences;
  std::map<std::string, std::string> filters;  // part of a key -> subject

  // Up to where the parent has what `filter` selects; 0 when it has nothing.
  [[nodiscard]] std::uint64_t shared(std::string_view filter) const;

  bool operator==(const EpochDescription&) const = default;
};

// Text ends with a newline and is the same for the same description.
// Errors: kInvalid for strings that aren't UTF-8.
[[nodiscard]] Result<std::string> serialize(const EpochDescription& description);
// Ignores keys it doesn't know. Errors: kCorrupt, naming the key; kInvalid for a newer format.
[[nodiscard]] Result<EpochDescription> parse_epoch_description(std::string_view text);

// How far the archive of an epoch and filter reaches, whether the chunks are still there or not.
struct Watermark {
  std::uint64_t last_sequence = 0;
  Timestamp last_time;
  // Up to there. What a filter has in these sequences was archived, and no chunk need hold it: its
  // chunk was deleted after a replay or pruned, or another program archived it.
  SequenceRanges deleted;
  bool operator==(const Watermark&) const = default;
};

// Up to where the archive of an epoch and filter is complete, where chunks may still come that hold
// lower sequences than some that are there: of jobs that read with acknowledgements.
struct CompleteUpTo {
  std::uint64_t sequence = 0;
  bool operator==(const CompleteUpTo&) const = default;
};

[[nodiscard]] std::string serialize(const CompleteUpTo& complete);
// Errors: as above.
[[nodiscard]] Result<CompleteUpTo> parse_complete(std::string_view text);

[[nodiscard]] std::string serialize(const Watermark& watermark);
// Errors: as above.
[[nodiscard]] Result<Watermark> parse_watermark(std::string_view text);

}  // namespace nats3::archive
