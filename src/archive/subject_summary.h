// SubjectSummary: which subjects a chunk holds, in bounded space, so that a reader can skip it.
//
// Few subjects are listed with their counts. Many become a Bloom filter, which answers "no" or
// "perhaps" for a literal subject. Plain values: any thread may copy and read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive/wire.h"
#include "base/error.h"

namespace nats3::archive {

struct SubjectCount {
  std::string subject;
  std::uint64_t count = 0;
  bool operator==(const SubjectCount&) const = default;
};

struct SubjectSummary {
  // What the list may hold; beyond either, it is a filter.
  static constexpr std::size_t kMaxListed = 1'000;
  static constexpr std::size_t kMaxListedBytes = 64 << 10;
  static constexpr std::size_t kMaxFilterBytes = 64 << 10;
  static constexpr std::size_t kMaxProbes = 16;

  std::uint64_t distinct = 0;
  std::vector<SubjectCount> listed;  // every subject, ascending; empty when there is a filter
  std::string filter;                // Bloom filter, a multiple of 8 bytes; empty when listed
  std::uint8_t probes = 0;           // bits that the filter sets for a subject

  [[nodiscard]] bool complete() const { return filter.empty(); }
  // Whether a message may have a subject that `subject_filter` selects: exact when complete() or
  // the filter is literal (but for false positives), else true.
  [[nodiscard]] bool may_contain(std::string_view subject_filter) const;

  bool operator==(const SubjectSummary&) const = default;
};

// A subject as the writer counted it; `hash` is its XXH3-64.
struct CountedSubject {
  std::string_view subject;
  std::uint64_t hash = 0;
  std::uint64_t count = 0;
};

// Summarises distinct subjects, in any order.
[[nodiscard]] SubjectSummary summarise_subjects(std::vector<CountedSubject> subjects);

void put_subjects(std::string& out, const SubjectSummary& subjects);
// Errors: kCorrupt.
[[nodiscard]] Result<SubjectSummary> read_subjects(ByteReader& in);

}  // namespace nats3::archive
