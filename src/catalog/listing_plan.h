// ListingPlan: which parts of a filter's chunks have to be listed, after its index.
// Pure functions on plain values: any thread.
#pragma once

#include <cstdint>
#include <deque>

#include "archive/segment_index.h"
#include "catalog/chunk_totals.h"

namespace nats3::catalog {

struct Selection;

// Chunks whose first sequence is in a range, both ends included.
struct ListingRun {
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;
  std::uint64_t skipped = 0;  // the last sequence of the segments left out just before it
};

struct ListingPlan {
  std::deque<ListingRun> runs;  // ascending; the last one may be what the index doesn't cover
  ChunkTotals summed;           // of segments that needn't be listed to be counted
};

// Between which sequences chunks are of interest, and may be counted by a segment's sum.
struct PlanBounds {
  std::uint64_t passed = 0;          // chunks that end here or before are left out
  std::uint64_t deleted = 0;         // chunks up to here may have been deleted
  std::uint64_t up_to = UINT64_MAX;  // chunks that begin after this are left out
};

// What can be listed without: segments outside of the selection's times and, when `sum`, those
// wholly within.
[[nodiscard]] ListingPlan plan_listing(const archive::SegmentIndex& index,
                                       const Selection& selection, const PlanBounds& bounds,
                                       bool sum);

}  // namespace nats3::catalog
