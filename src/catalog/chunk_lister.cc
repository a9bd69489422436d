#include "catalog/chunk_lister.h"

#include <algorithm>
#include <utility>

#include "base/subject.h"

namespace nats3::catalog {

Result<ChunkLister> ChunkLister::open(const Catalog& catalog,
                                      const archive::EpochDescription& epoch) {
  return catalog.filters(epoch).map([&](const std::vector<std::string>& filters) {
    return of_filters(catalog, epoch.name, filters);
  });
}

ChunkLister ChunkLister::of_filters(const Catalog& catalog, const std::string& epoch,
                                    const std::vector<std::string>& filters) {
  ChunkLister lister;
  lister.catalog_ = &catalog;
  lister.epoch_ = epoch;
  for (const std::string& filter : filters) {
    lister.listings_.push_back({.filter = filter,
                                .folder = archive::filter_folder(catalog.location(), epoch, filter),
                                .runs = {{}}});
  }
  return lister;
}

Result<void> ChunkLister::leave_out(const Unlisted& unlisted) {
  for (Listing& listing : listings_) {
    auto planned = plan(listing.filter, unlisted);
    if (!planned) {
      return fail(planned.error());
    }
    summed_.add(planned->summed);
    listing.runs = std::move(planned->runs);
    listing.skipped = listing.runs.empty() ? 0 : listing.runs.front().skipped;
  }
  return {};
}

Result<ListingPlan> ChunkLister::plan(const std::string& filter, const Unlisted& unlisted) const {
  if (unlisted.sum_segments && !subjects_overlap(filter, unlisted.selection.subject)) {
    return ListingPlan{};
  }
  auto index = catalog_->segment_index(epoch_, filter);
  if (!index) {
    return fail(index.error());
  }
  PlanBounds bounds;
  if (const auto& until = unlisted.selection.until) {
    bounds.up_to = until->last_of(epoch_, filter);
  }
  if (unlisted.passed != nullptr) {
    const auto found = unlisted.passed->find(filter);
    bounds.passed = found == unlisted.passed->end() ? 0 : found->second;
  }
  if (unlisted.sum_segments && (*index)->end() > 0) {
    auto deleted = catalog_->watermark(epoch_, filter);
    if (!deleted) {
      return fail(deleted.error());
    }
    bounds.deleted = deleted->last_sequence;
  }
  return plan_listing(**index, unlisted.selection, bounds, unlisted.sum_segments);
}

std::vector<std::string> ChunkLister::filters() const {
  std::vector<std::string> filters;
  for (const Listing& listing : listings_) {
    filters.push_back(listing.filter);
  }
  return filters;
}

Result<const ChunkRef*> ChunkLister::peek() {
  next_.reset();
  for (std::size_t i = 0; i < listings_.size(); ++i) {
    Listing& listing = listings_[i];
    if (auto filled = fill(listing); !filled) {
      return fail(filled.error());
    }
    if (!listing.page.empty() &&
        (!next_ || front(listing).name.first < front(listings_[*next_]).name.first)) {
      next_ = i;
    }
  }
  return next_ ? &front(listings_[*next_]) : nullptr;
}

void ChunkLister::pop() {
  if (next_) {
    listings_[*next_].page.pop_front();
    next_.reset();
  }
}

Result<void> ChunkLister::fill(Listing& listing) {
  while (listing.page.empty() && !listing.runs.empty()) {
    object::ListQuery query{.prefix = listing.folder, .token = listing.token};
    if (const auto& run = listing.runs.front(); !listing.begun && run.from > 0) {
      query.start_after =
          archive::list_chunks_from(catalog_->location(), epoch_, listing.filter, run.from);
      query.token.clear();
    }
    listing.begun = true;
    auto page = catalog_->store().list(query);
    if (!page) {
      return fail(page.error().with_context("listing " + listing.folder));
    }
    for (const auto& object : page->objects) {
      take(listing, object);
    }
    listing.token = page->next_token;
    if (listing.token.empty()) {
      listing.runs.clear();
    }
  }
  return {};
}

// What comes after the last run isn't listed.
void ChunkLister::take(Listing& listing, const object::ObjectInfo& object) {
  auto chunk = catalog_->parse_chunk(listing.filter, object);
  if (!chunk) {
    return;
  }
  const std::uint64_t first = chunk->name.first;
  while (!listing.runs.empty() && first > listing.runs.front().to) {
    listing.runs.pop_front();
    listing.begun = false;
    if (!listing.runs.empty()) {
      listing.skipped = std::max(listing.skipped, listing.runs.front().skipped);
    }
  }
  if (!listing.runs.empty() && first >= listing.runs.front().from) {
    listing.begun = true;  // so the listing is in it already, and goes on
    listing.page.push_back({std::move(*chunk), listing.skipped});
  }
}

}  // namespace nats3::catalog
