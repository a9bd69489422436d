// What a verification reads, how far it has come and what it saw. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catalog/finding.h"

namespace nats3::catalog {

// Which chunks a verification reads: those with messages of this time.
struct VerifyWindow {
  std::optional<Timestamp> from;  // inclusive
  std::optional<Timestamp> to;    // inclusive
  [[nodiscard]] bool meets(Timestamp min, Timestamp max) const {
    return (!from || max >= *from) && (!to || min <= *to);
  }
};

// How far a verification has come.
struct VerifyPosition {
  std::string key;            // of the object that was looked at last; "": begin
  std::uint64_t reached = 0;  // the last sequence archived, as far as its folder was read
  // Keys of chunks in that folder that reach furthest: later ones may overlap with them.
  std::vector<std::string> reaching;
  bool operator==(const VerifyPosition&) const = default;
};

// What was seen at one object.
struct VerifyStep {
  struct Seen {
    Finding finding;
    std::optional<Lost> lost;  // what would have to be archived again
  };
  VerifyPosition position;  // after it
  std::uint64_t read_bytes = 0;
  std::uint64_t chunks = 0;    // 1 for a chunk, whole or not
  std::uint64_t messages = 0;  // that were read and are as they were archived
  std::uint64_t gaps = 0;      // sequences before it that aren't archived
  std::vector<Seen> seen;

  void report(const std::string& key, FindingKind kind, std::string detail, std::string cause = {},
              std::optional<Lost> lost = std::nullopt);
};

}  // namespace nats3::catalog
