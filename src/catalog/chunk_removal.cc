#include "catalog/chunk_removal.h"

#include <map>
#include <string>
#include <utility>

#include "catalog/v1_place.h"

namespace nats3::catalog {
namespace {

// The sequences that a chunk had for its filter: nothing of it lies between the chunk and the one
// that it names as its predecessor. One that names none is the first, or is in an archive in which
// none does.
Result<archive::SequenceRange> range_of(const Catalog& catalog, const FinishedChunk& finished) {
  const archive::ChunkName& name = finished.chunk.name;
  std::uint64_t previous = finished.previous.value_or(name.first - 1);
  if (!finished.previous) {
    const auto index = catalog.index_of(finished.chunk.key);
    if (!index && index.error().action() == Action::kRetry) {
      return fail(index.error());
    }
    // Gone or damaged since, it stands for itself alone.
    previous = index ? index->header.previous : previous;
  }
  return archive::SequenceRange{previous < name.first ? previous + 1 : name.first, name.last};
}

Result<void> note(const Catalog& catalog, const std::vector<FinishedChunk>& chunks) {
  std::map<std::pair<std::string, std::string>, archive::Watermark> watermarks;
  for (const FinishedChunk& finished : chunks) {
    if (is_v1_place(finished.epoch)) {
      continue;
    }
    const auto range = range_of(catalog, finished);
    if (!range) {
      return fail(range.error());
    }
    archive::Watermark& watermark = watermarks[{finished.epoch, finished.chunk.filter}];
    watermark.deleted.add(*range);
    if (range->last > watermark.last_sequence) {
      watermark.last_sequence = range->last;
      watermark.last_time = finished.chunk.name.time_max;
    }
  }
  for (const auto& [place, watermark] : watermarks) {
    if (auto raised = catalog.raise_watermark(place.first, place.second, watermark); !raised) {
      return raised;
    }
  }
  return {};
}

}  // namespace

Result<void> remove_chunks(const Catalog& catalog, std::vector<FinishedChunk>& chunks) {
  if (auto noted = note(catalog, chunks); !noted) {
    return noted;
  }
  while (!chunks.empty()) {
    if (auto removed = catalog.store().remove(chunks.back().chunk.key); !removed) {
      return removed;
    }
    chunks.pop_back();
  }
  return {};
}

}  // namespace nats3::catalog
