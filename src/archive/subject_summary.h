// SubjectSummary: which subjects a chunk holds, in bounded space, so that a reader can skip it, or
// frames of it.
//
// Few subjects are listed with their counts. Many become a Bloom filter, which answers "no" or
// "perhaps" for a literal subject. Where there is room, the filter also has which frame holds which
// subject: a subject followed by a frame's number is in it as if it were a subject, so that readers
// that know nothing of frames find what they look for as before. Plain values: any thread may copy
// and read them.
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
  // Of a filter with frames: bytes at its end of which every bit is set.
  static constexpr std::size_t kMarkBytes = 32;
  // More pairs of a frame and a subject than a filter has room for.
  static constexpr std::size_t kTooManyPairs = 50'000;

  std::uint64_t distinct = 0;
  std::vector<SubjectCount> listed;  // every subject, ascending; empty when there is a filter
  std::string filter;                // Bloom filter, a multiple of 8 bytes; empty when listed
  std::uint8_t probes = 0;           // bits that the filter sets for a subject

  [[nodiscard]] bool complete() const { return filter.empty(); }
  // Whether a message may have a subject that `subject_filter` selects: exact when complete() or
  // the filter is literal (but for false positives), else true.
  [[nodiscard]] bool may_contain(std::string_view subject_filter) const;
  // Whether it was written which frame holds which subject.
  [[nodiscard]] bool tells_frames() const;
  // The same for one frame, numbered from 0.
  [[nodiscard]] bool may_contain(std::string_view subject_filter, std::size_t frame) const;

  bool operator==(const SubjectSummary&) const = default;
};

// A subject as the writer counted it; `hash` is its XXH3-64.
struct CountedSubject {
  std::string_view subject;
  std::uint64_t hash = 0;
  std::uint64_t count = 0;
};

// That a frame holds a subject, which is a place in a list of them.
struct SubjectInFrame {
  std::uint32_t subject = 0;
  std::uint32_t frame = 0;
};

// Summarises distinct subjects, in any order. `pairs`: each subject of each frame once, in any
// order; none, when the frames aren't to be told apart.
[[nodiscard]] SubjectSummary summarise_subjects(std::vector<CountedSubject> subjects,
                                                const std::vector<SubjectInFrame>& pairs = {});

void put_subjects(std::string& out, const SubjectSummary& subjects);
// Errors: kCorrupt.
[[nodiscard]] Result<SubjectSummary> read_subjects(ByteReader& in);

}  // namespace nats3::archive
