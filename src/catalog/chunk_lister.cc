#include "catalog/chunk_lister.h"

#include <utility>

namespace nats3::catalog {

Result<ChunkLister> ChunkLister::open(const Catalog& catalog,
                                      const archive::EpochDescription& epoch) {
  auto filters = catalog.filters(epoch);
  if (!filters) {
    return fail(filters.error());
  }
  ChunkLister lister;
  lister.catalog_ = &catalog;
  for (std::string& filter : *filters) {
    std::string folder = archive::filter_folder(catalog.location(), epoch.name, filter);
    lister.listings_.push_back({.filter = std::move(filter), .folder = std::move(folder)});
  }
  return lister;
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
        (!next_ || listing.page.front().name.first < listings_[*next_].page.front().name.first)) {
      next_ = i;
    }
  }
  return next_ ? &listings_[*next_].page.front() : nullptr;
}

void ChunkLister::pop() {
  if (next_) {
    listings_[*next_].page.pop_front();
    next_.reset();
  }
}

Result<void> ChunkLister::fill(Listing& listing) {
  while (listing.page.empty() && !listing.complete) {
    auto page = catalog_->store().list({.prefix = listing.folder, .token = listing.token});
    if (!page) {
      return fail(page.error().with_context("listing " + listing.folder));
    }
    for (const auto& object : page->objects) {
      if (auto chunk = catalog_->parse_chunk(listing.filter, object)) {
        listing.page.push_back(std::move(*chunk));
      }
    }
    listing.token = page->next_token;
    listing.complete = page->next_token.empty();
  }
  return {};
}

}  // namespace nats3::catalog
