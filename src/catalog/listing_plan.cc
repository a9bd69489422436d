#include "catalog/listing_plan.h"

#include <algorithm>

#include "catalog/catalog.h"

namespace nats3::catalog {
namespace {

bool touches(const archive::Segment& segment, const Selection& selection) {
  return (!selection.from_time || segment.time_max >= *selection.from_time) &&
         (!selection.to_time || segment.time_min <= *selection.to_time);
}

bool is_within(const archive::Segment& segment, const Selection& selection) {
  return (!selection.from_time || segment.time_min >= *selection.from_time) &&
         (!selection.to_time || segment.time_max <= *selection.to_time);
}

}  // namespace

ListingPlan plan_listing(const archive::SegmentIndex& index, const Selection& selection,
                         const PlanBounds& bounds, bool sum) {
  ListingPlan plan;
  std::uint64_t begin = index.begin();
  std::uint64_t skipped = 0;
  const auto list = [&](std::uint64_t from, std::uint64_t most) {
    const std::uint64_t to = std::min(most, bounds.up_to);
    if (from > to) {
      return;
    }
    if (!plan.runs.empty() && plan.runs.back().to + 1 == from) {
      plan.runs.back().to = to;
    } else {
      plan.runs.push_back({.from = from, .to = to, .skipped = skipped});
    }
  };
  if (begin > 1) {
    list(0, begin - 1);
  }
  for (const archive::Segment& segment : index.segments()) {
    if (!touches(segment, selection) || segment.last <= bounds.passed) {
      skipped = std::max(skipped, segment.last);
    } else if (sum && is_within(segment, selection) && segment.last <= bounds.up_to &&
               begin > std::max(bounds.passed, bounds.deleted)) {
      plan.summed.add(segment);
      skipped = std::max(skipped, segment.last);
    } else {
      list(begin, segment.end - 1);
    }
    begin = segment.end;
  }
  list(begin, UINT64_MAX);
  return plan;
}

}  // namespace nats3::catalog
