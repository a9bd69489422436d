#include "catalog/coverage.h"

#include <algorithm>
#include <utility>

namespace nats3::catalog {

Result<Coverage> Coverage::open(const Catalog& catalog, const archive::EpochDescription& epoch,
                                const std::string& filter, const Selection& selection, bool over) {
  Coverage coverage{.filter = filter};
  auto watermark = catalog.watermark(epoch.name, filter);
  if (!watermark) {
    return fail(watermark.error());
  }
  coverage.deleted = std::move(watermark->deleted);
  if (selection.until) {
    coverage.limit = selection.until->last_of(epoch.name, filter);
  }
  if (selection.follow && !over) {
    const auto complete = catalog.complete_up_to(epoch.name, filter);
    if (!complete) {
      return fail(complete.error());
    }
    coverage.limit = std::min(coverage.limit, complete->value_or(UINT64_MAX));
  }
  // What an earlier epoch has counts for what follows it, but wasn't read here.
  const std::uint64_t shared = epoch.shared(filter);
  if (const std::uint64_t start = coverage.deleted.reach_from(shared); start > shared) {
    coverage.reach(start);
  }
  return coverage;
}

void Coverage::reach(std::uint64_t sequence) {
  last = std::min(deleted.reach_from(std::max(last, sequence)), limit);
}

Result<std::optional<std::uint64_t>> Coverage::missing_after(const Catalog& catalog,
                                                             const std::string& epoch,
                                                             std::uint64_t previous,
                                                             std::uint64_t floor) {
  const auto reached = [&] { return deleted.reach_from(std::max(last, floor)); };
  if (previous <= reached()) {
    return std::nullopt;
  }
  auto watermark = catalog.watermark(epoch, filter);
  if (!watermark) {
    return fail(watermark.error());
  }
  deleted = std::move(watermark->deleted);
  return previous <= reached() ? std::nullopt : std::optional(reached());
}

}  // namespace nats3::catalog
