// ChunkLister: the chunks of one epoch by their first sequence, merged from all its filters,
// without holding more than a page of each listing. Not thread-safe. Blocks on the store.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/epoch.h"
#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

class ChunkLister {
 public:
  // `catalog` outlives the lister.
  static Result<ChunkLister> open(const Catalog& catalog, const archive::EpochDescription& epoch);

  // The next chunk, or null after the last. Valid until pop().
  [[nodiscard]] Result<const ChunkRef*> peek();
  void pop();

  [[nodiscard]] std::vector<std::string> filters() const;

 private:
  struct Listing {
    std::string filter;
    std::string folder;  // that its keys begin with
    std::deque<ChunkRef> page;
    std::string token;
    bool complete = false;
  };

  ChunkLister() = default;
  Result<void> fill(Listing& listing);

  const Catalog* catalog_ = nullptr;
  std::vector<Listing> listings_;
  std::optional<std::size_t> next_;  // the listing that peek() chose
};

}  // namespace nats3::catalog
