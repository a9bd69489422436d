// Finding: something that a verification of an archive came upon. Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/key.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

enum class FindingKind {
  // Something is wrong with the archive:
  kDamaged,     // a hash, a number or an order is another
  kCut,         // the end of the object isn't there
  kLyingIndex,  // the messages are as they were written, and the index tells of others
  kMisplaced,   // a whole chunk, under the key of another one
  kMissing,     // a chunk that another one names isn't there
  kDifferent,   // two chunks hold different messages under one sequence
  // Nothing is:
  kOverlap,  // two chunks hold the same messages
  kGap,      // sequence numbers that aren't archived, and aren't known to be lost
  kForeign,  // an object that isn't of the archive
};
inline constexpr std::array kFindingKinds{
    FindingKind::kDamaged,   FindingKind::kCut,     FindingKind::kLyingIndex,
    FindingKind::kMisplaced, FindingKind::kMissing, FindingKind::kDifferent,
    FindingKind::kOverlap,   FindingKind::kGap,     FindingKind::kForeign};

[[nodiscard]] std::string_view to_string(FindingKind kind);  // "lying_index"
// Nullopt for any other text.
[[nodiscard]] std::optional<FindingKind> parse_finding_kind(std::string_view text);
// Whether it says that something is wrong with the archive.
[[nodiscard]] bool is_damage(FindingKind kind);

struct Finding {
  std::string key;  // of the object; of a gap or a missing chunk, that of the chunk after it
  FindingKind kind = FindingKind::kDamaged;
  std::string detail;  // what was seen: which check failed, which messages
  std::string cause;   // where it is known; else ""
  bool repaired = false;
  bool operator==(const Finding&) const = default;
};

// What is known of messages that were archived and can't be read.
struct Lost {
  std::string epoch;
  std::string filter;
  // The last sequence archived before them, or as far as it is known: what lies between it and them
  // may have been archived.
  std::uint64_t previous = 0;
  bool previous_is_known = false;
  std::uint64_t last = 0;  // the last of them
  archive::Encoding encoding = archive::Encoding::kBinary;
  // Of a damaged chunk: its name, which tells how many there were, and when.
  std::optional<archive::ChunkName> name;
  // Of a missing one: the whole chunk that comes after it.
  std::optional<ChunkRef> successor;
};

}  // namespace nats3::catalog
