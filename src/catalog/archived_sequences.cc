#include "catalog/archived_sequences.h"

#include <algorithm>
#include <map>

#include "catalog/chunk_cursor.h"
#include "catalog/chunk_lister.h"

namespace nats3::catalog {
namespace {

using Sequences = std::vector<std::uint64_t>;

Result<void> add_sequences(const Catalog& catalog, const ChunkRef& chunk, std::uint64_t after,
                           std::uint64_t up_to, Sequences& found) {
  const std::uint64_t first = std::max(chunk.name.first, after + 1);
  const std::uint64_t last = std::min(chunk.name.last, up_to);
  auto cursor = ChunkCursor::open(catalog, chunk, [&](const archive::FrameInfo& frame) {
    return frame.first_sequence <= last && frame.last_sequence >= first;
  });
  if (!cursor) {
    return fail(cursor.error());
  }
  if (chunk.name.last - chunk.name.first + 1 == chunk.name.count) {
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      found.push_back(sequence);
    }
    return {};
  }
  for (;;) {
    if (auto loaded = cursor->load(); !loaded) {
      return loaded;
    }
    if (cursor->done()) {
      return {};
    }
    do {
      const std::uint64_t sequence = cursor->current().sequence;
      if (sequence >= first && sequence <= last) {
        found.push_back(sequence);
      }
    } while (cursor->advance());
  }
}

}  // namespace

Result<Sequences> archived_sequences(const Catalog& catalog, const std::string& epoch,
                                     const std::string& filter, std::uint64_t after,
                                     std::uint64_t up_to) {
  ChunkLister lister = ChunkLister::of_filters(catalog, epoch, {filter});
  const Selection everything;
  const std::map<std::string, std::uint64_t> passed{{filter, after}};
  if (auto planned = lister.leave_out({.selection = everything, .passed = &passed}); !planned) {
    return fail(planned.error());
  }
  Sequences found;
  for (int read = 0; read < kMostChunksRead; lister.pop()) {
    const auto chunk = lister.peek();
    if (!chunk) {
      return fail(chunk.error());
    }
    if (*chunk == nullptr || (*chunk)->name.first > up_to) {
      break;
    }
    if ((*chunk)->name.last <= after) {
      continue;
    }
    const auto added = add_sequences(catalog, **chunk, after, up_to, found);
    if (!added && added.error().code != ErrorCode::kCorrupt) {
      return fail(added.error());
    }
    ++read;
  }
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

}  // namespace nats3::catalog
