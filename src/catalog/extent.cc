#include "catalog/extent.h"

#include <algorithm>
#include <utility>

#include "base/subject.h"
#include "catalog/catalog.h"
#include "catalog/chunk_lister.h"
#include "catalog/v1_folders.h"

namespace nats3::catalog {
namespace {

// The highest sequence in a chunk of the filter: of what the index stands for it tells, the rest is
// listed.
Result<std::uint64_t> last_archived(const Catalog& catalog, const std::string& epoch,
                                    const std::string& filter) {
  const auto index = catalog.segment_index(epoch, filter);
  if (!index) {
    return fail(index.error());
  }
  std::uint64_t last = 0;
  for (const archive::Segment& segment : (*index)->segments()) {
    last = std::max(last, segment.last);
  }
  const std::map<std::string, std::uint64_t> known{{filter, last}};
  ChunkLister lister = ChunkLister::of_filters(catalog, epoch, {filter});
  if (auto planned = lister.leave_out({.selection = {}, .passed = &known}); !planned) {
    return fail(planned.error());
  }
  while (true) {
    const auto chunk = lister.peek();
    if (!chunk) {
      return fail(chunk.error());
    }
    if (*chunk == nullptr) {
      return last;
    }
    last = std::max(last, (*chunk)->name.last);
    lister.pop();
  }
}

}  // namespace

std::uint64_t Extent::last_of(std::string_view of_epoch, const std::string& filter) const {
  if (of_epoch != epoch) {
    return of_epoch < epoch ? UINT64_MAX : 0;
  }
  const auto found = last_sequences.find(filter);
  return found == last_sequences.end() ? 0 : found->second;
}

Result<Extent> extent_of(const Catalog& catalog, const Selection& selection) {
  const auto old = find_v1_folders(catalog, selection);
  if (!old) {
    return fail(old.error());
  }
  Extent extent{.v1_second = old->last_second};
  const auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  if (epochs->empty()) {
    return extent;
  }
  extent.epoch = epochs->back().name;
  const auto filters = catalog.filters(epochs->back());
  if (!filters) {
    return fail(filters.error());
  }
  for (const std::string& filter : *filters) {
    if (!subjects_overlap(filter, selection.subject)) {
      continue;
    }
    const auto last = last_archived(catalog, extent.epoch, filter);
    if (!last) {
      return fail(last.error());
    }
    extent.last_sequences[filter] = *last;
  }
  return extent;
}

}  // namespace nats3::catalog
