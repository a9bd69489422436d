#include "catalog/prune.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/saturating.h"
#include "catalog/chunk_lister.h"

namespace nats3::catalog {
namespace {

// A store may take 50 ms to remove one.
constexpr std::size_t kRemovedAtOnce = 8;

// A filter's chunks in one epoch, and up to where nothing comes between them any more.
struct Series {
  std::string epoch;
  std::string filter;
  std::uint64_t complete = UINT64_MAX;
};

// Calls `visit` with the chunks that are older than `before`, until it returns false.
Result<void> visit_old(const Catalog& catalog, const Series& series, Timestamp before,
                       const auto& visit) {
  auto lister = ChunkLister::of_filters(catalog, series.epoch, {series.filter});
  for (;;) {
    const auto chunk = lister.peek();
    if (!chunk) {
      return fail(chunk.error());
    }
    if (*chunk == nullptr || (*chunk)->name.time_max >= before ||
        (*chunk)->name.last > series.complete || !visit(**chunk)) {
      return {};
    }
    lister.pop();
  }
}

Result<void> visit_all(const Catalog& catalog, const auto& act) {
  const auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  if (epochs->empty()) {
    return fail(ErrorCode::kNotFound, catalog.nothing_archived());
  }
  for (const archive::EpochDescription& epoch : *epochs) {
    const auto filters = catalog.filters(epoch);
    if (!filters) {
      return fail(filters.error());
    }
    for (const std::string& filter : *filters) {
      Series series{.epoch = epoch.name, .filter = filter};
      if (&epoch == &epochs->back()) {
        const auto complete = catalog.complete_up_to(epoch.name, filter);
        if (!complete) {
          return fail(complete.error());
        }
        series.complete = complete->value_or(series.complete);
      }
      if (Result<void> done = act(series); !done) {
        return done;
      }
    }
  }
  return {};
}

void add(Pruned& pruned, const ChunkRef& chunk) {
  pruned.totals.add(chunk.name);
  pruned.stored_bytes = saturating_add(pruned.stored_bytes, chunk.object_bytes);
}

// From the first sequence on: that some of it was never archived, or is missing, is nobody's
// concern any more.
Result<void> note(const Catalog& catalog, const Series& series,
                  const std::vector<ChunkRef>& chunks) {
  const auto last =
      std::ranges::max_element(chunks, {}, [](const ChunkRef& chunk) { return chunk.name.last; });
  archive::Watermark watermark{.last_sequence = last->name.last, .last_time = last->name.time_max};
  watermark.deleted.add({1, last->name.last});
  return catalog.raise_watermark(series.epoch, series.filter, watermark);
}

Result<void> remove(object::ObjectStore& store, const std::vector<ChunkRef>& chunks) {
  std::atomic<std::size_t> next = 0;
  std::vector<Result<void>> results(std::min(kRemovedAtOnce, chunks.size()));
  {
    std::vector<std::jthread> threads;
    for (Result<void>& result : results) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < chunks.size() && result; i = next++) {
          result = store.remove(chunks[i].key);
        }
      });
    }
  }
  const auto failed = std::ranges::find_if(results, [](const auto& result) { return !result; });
  return failed == results.end() ? Result<void>() : *failed;
}

}  // namespace

Result<Pruned> find_prunable(const Catalog& catalog, Timestamp before) {
  Pruned found;
  const auto count = [&](const Series& series) {
    return visit_old(catalog, series, before, [&](const ChunkRef& chunk) {
      add(found, chunk);
      return true;
    });
  };
  return visit_all(catalog, count).map([&] { return found; });
}

Result<Pruned> prune(const Catalog& catalog, Timestamp before, std::size_t most) {
  Pruned pruned;
  const auto prune_series = [&](const Series& series) -> Result<void> {
    std::vector<ChunkRef> chunks;
    auto listed = visit_old(catalog, series, before, [&](const ChunkRef& chunk) {
      pruned.more = pruned.totals.chunks >= most;
      if (!pruned.more) {
        chunks.push_back(chunk);
        add(pruned, chunk);
      }
      return !pruned.more;
    });
    if (!listed || chunks.empty()) {
      return listed;
    }
    return note(catalog, series, chunks).and_then([&] { return remove(catalog.store(), chunks); });
  };
  return visit_all(catalog, prune_series).map([&] { return pruned; });
}

}  // namespace nats3::catalog
