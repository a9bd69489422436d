// ChunkLister: the chunks of one epoch by their first sequence, merged from all its filters,
// without holding more than a page of each listing. Where a filter has an index, segments in which
// nothing is wanted aren't listed. Not thread-safe. Blocks on the store.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/epoch.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/listing_plan.h"

namespace nats3::catalog {

// What needn't be listed. Chunks may still come that aren't wanted: each is to be checked.
struct Unlisted {
  const Selection& selection;  // only its times and `until` count here
  const std::map<std::string, std::uint64_t>* passed =
      nullptr;  // filter -> wanted is what ends later
  // For who wants nothing but the number of messages: what an index can tell is in summed().
  bool sum_segments = false;
};

class ChunkLister {
 public:
  // All chunks. `catalog` outlives the lister.
  static Result<ChunkLister> open(const Catalog& catalog, const archive::EpochDescription& epoch);
  // Those of some filters.
  static ChunkLister of_filters(const Catalog& catalog, const std::string& epoch,
                                const std::vector<std::string>& filters);
  // Fetches the indexes, and leaves out what they allow to. At once after open(); once. Who is
  // going to rely on the archive being complete up to somewhere finds out where before this: a
  // chunk that comes later may have its place in what is left out. What `unlisted` refers to is
  // only used here.
  [[nodiscard]] Result<void> leave_out(const Unlisted& unlisted);

  // The next chunk, or null after the last. Valid until pop().
  [[nodiscard]] Result<const ChunkRef*> peek();
  void pop();

  // The last sequence of the segments left out before the chunk that peek() gave, in its filter.
  [[nodiscard]] std::uint64_t skipped() const {
    return next_ ? listings_[*next_].page.front().skipped : 0;
  }
  // What the chunks come to that aren't listed.
  [[nodiscard]] const ChunkTotals& summed() const { return summed_; }

  [[nodiscard]] std::vector<std::string> filters() const;

 private:
  struct Listed {
    ChunkRef chunk;
    std::uint64_t skipped = 0;
  };
  struct Listing {
    std::string filter;
    std::string folder;           // that its keys begin with
    std::deque<ListingRun> runs;  // that being listed, and those to come; empty: all is listed
    bool begun = false;           // the first of them
    std::uint64_t skipped = 0;
    std::deque<Listed> page;
    std::string token;
  };

  ChunkLister() = default;
  [[nodiscard]] Result<ListingPlan> plan(const std::string& filter, const Unlisted& unlisted) const;
  Result<void> fill(Listing& listing);
  void take(Listing& listing, const object::ObjectInfo& object);
  [[nodiscard]] static const ChunkRef& front(const Listing& listing) {
    return listing.page.front().chunk;
  }

  const Catalog* catalog_ = nullptr;
  std::string epoch_;
  std::vector<Listing> listings_;
  ChunkTotals summed_;
  std::optional<std::size_t> next_;  // the listing that peek() chose
};

}  // namespace nats3::catalog
