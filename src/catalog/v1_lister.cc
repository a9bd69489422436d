#include "catalog/v1_lister.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace nats3::catalog {
namespace {

std::size_t digits_of(std::uint64_t seconds) { return std::to_string(seconds).size(); }

}  // namespace

V1Lister::V1Lister(const Catalog& catalog, const std::vector<V1Folder>& folders, std::uint64_t from)
    : catalog_(catalog), from_(from) {
  for (const V1Folder& folder : folders) {
    Listing& listing = listings_.emplace_back();
    listing.folder = folder;
    std::erase_if(listing.folder.digits,
                  [&](std::size_t digits) { return digits < digits_of(from); });
  }
}

Result<std::vector<V1ChunkRef>> V1Lister::next_second() {
  std::optional<std::uint64_t> second;
  for (Listing& listing : listings_) {
    if (auto filled = fill(listing); !filled) {
      return fail(filled.error());
    }
    if (!listing.page.empty()) {
      const std::uint64_t own = listing.page.front().name.seconds;
      second = std::min(second.value_or(own), own);
    }
  }
  std::vector<V1ChunkRef> chunks;
  for (Listing& listing : listings_) {
    while (!listing.page.empty() && listing.page.front().name.seconds == second) {
      chunks.push_back(std::move(listing.page.front()));
      listing.page.pop_front();
      if (auto filled = fill(listing); !filled) {
        return fail(filled.error());
      }
    }
  }
  return chunks;
}

Result<void> V1Lister::fill(Listing& listing) {
  while (listing.page.empty() && !listing.folder.digits.empty()) {
    if (auto filled = next_page(listing); !filled) {
      return filled;
    }
  }
  return {};
}

Result<void> V1Lister::next_page(Listing& listing) {
  const std::size_t digits = *listing.folder.digits.begin();
  const std::string& path = listing.folder.path;
  object::ListQuery query{.prefix = path, .token = listing.token};
  if (digits == digits_of(from_)) {
    query.start_after = path + std::to_string(from_);  // before every key of that second
  }
  auto page = catalog_.store().list(query);
  if (!page) {
    return fail(page.error().with_context("listing " + path));
  }
  for (auto& object : page->objects) {
    const auto name =
        archive::parse_v1_chunk_name(std::string_view(object.key).substr(path.size()));
    if (name && name->seconds >= from_ && digits_of(name->seconds) == digits) {
      listing.page.push_back({std::move(object.key), object.size, listing.folder.subject, *name});
    }
  }
  listing.token = std::move(page->next_token);
  if (listing.token.empty()) {
    listing.folder.digits.erase(digits);
  }
  return {};
}

}  // namespace nats3::catalog
