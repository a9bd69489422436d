#include "archive/sequence_ranges.h"

#include <algorithm>

namespace nats3::archive {

void SequenceRanges::add(SequenceRange range) {
  const auto begin = std::ranges::lower_bound(ranges_, range.first - 1, {}, &SequenceRange::last);
  auto end = begin;
  for (; end != ranges_.end() && end->first - 1 <= range.last; ++end) {
    range = {std::min(range.first, end->first), std::max(range.last, end->last)};
  }
  ranges_.insert(ranges_.erase(begin, end), range);
  if (ranges_.size() > kMost) {
    join_closest();
  }
}

void SequenceRanges::add(const SequenceRanges& ranges) {
  for (const SequenceRange& range : ranges.ranges_) {
    add(range);
  }
}

void SequenceRanges::join_closest() {
  auto closest = ranges_.begin();
  for (auto range = closest; range + 1 != ranges_.end(); ++range) {
    if ((range + 1)->first - range->last < (closest + 1)->first - closest->last) {
      closest = range;
    }
  }
  closest->last = (closest + 1)->last;
  ranges_.erase(closest + 1);
}

bool SequenceRanges::contain(SequenceRange range) const {
  const auto found = std::ranges::lower_bound(ranges_, range.last, {}, &SequenceRange::last);
  return found != ranges_.end() && found->first <= range.first;
}

std::uint64_t SequenceRanges::reach_from(std::uint64_t sequence) const {
  const auto next = std::ranges::upper_bound(ranges_, sequence, {}, &SequenceRange::last);
  return next != ranges_.end() && next->first - 1 <= sequence ? next->last : sequence;
}

std::uint64_t SequenceRanges::last_outside(std::uint64_t sequence) const {
  const auto found = std::ranges::lower_bound(ranges_, sequence, {}, &SequenceRange::last);
  return found != ranges_.end() && found->first <= sequence ? found->first - 1 : sequence;
}

}  // namespace nats3::archive
