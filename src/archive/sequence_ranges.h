// SequenceRanges: some sequences of a stream, as ranges apart from each other. Plain values: any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nats3::archive {

// Both ends included; `first` is at least 1 and at most `last`.
struct SequenceRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  bool operator==(const SequenceRange&) const = default;
};

class SequenceRanges {
 public:
  // With more the two that are closest to each other become one, which has what lies between them.
  static constexpr std::size_t kMost = 1'000;

  void add(SequenceRange range);
  void add(const SequenceRanges& ranges);

  // Ascending, with at least one sequence between two of them.
  [[nodiscard]] const std::vector<SequenceRange>& ranges() const { return ranges_; }
  // Whether one range has all of `range`.
  [[nodiscard]] bool contain(SequenceRange range) const;
  // The last of the sequences that follow `sequence` without a gap; `sequence` itself without any.
  [[nodiscard]] std::uint64_t reach_from(std::uint64_t sequence) const;
  // The highest sequence up to `sequence` that isn't among them, or 0.
  [[nodiscard]] std::uint64_t last_outside(std::uint64_t sequence) const;

  bool operator==(const SequenceRanges&) const = default;

 private:
  void join_closest();

  std::vector<SequenceRange> ranges_;
};

}  // namespace nats3::archive
