#include "jobs/epoch_resolver.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

#include "archive/key.h"
#include "catalog/chunk_cursor.h"

namespace nats3::jobs {
namespace {

enum class Comparison { kSame, kDifferent, kImpossible };

// Compares the last message of `chunk` with what the stream holds under its sequence.
Result<Comparison> compare(nats::Broker& broker, const catalog::Catalog& catalog,
                           const nats::StreamInfo& info, const catalog::ChunkRef& chunk) {
  const std::uint64_t last = chunk.name.last;
  if (last < info.first_sequence || last > info.last_sequence) {
    return Comparison::kImpossible;
  }
  auto stored = broker.get_message(info.name, last);
  if (!stored && stored.error().action() == Action::kNotFound) {
    return Comparison::kImpossible;
  }
  if (!stored) {
    return fail(stored.error());
  }
  auto cursor = catalog::ChunkCursor::open(
      catalog, chunk, [&](const archive::FrameInfo& frame) { return frame.last_sequence == last; });
  if (!cursor) {
    return fail(cursor.error());
  }
  if (auto loaded = cursor->load(); !loaded) {
    return fail(loaded.error());
  }
  const bool same = cursor->frame()->messages().back() == stored->message();
  return same ? Comparison::kSame : Comparison::kDifferent;
}

// Whether `epoch`, the latest, goes on.
Result<bool> goes_on(nats::Broker& broker, const catalog::Catalog& catalog,
                     const nats::StreamInfo& info, const std::string& filter,
                     const archive::EpochDescription& epoch, const EpochHint& hint) {
  auto chunks =
      catalog.last_chunks(epoch.name, filter, hint.epoch == epoch.name ? hint.first_of_tail : 0);
  if (!chunks) {
    return fail(chunks.error());
  }
  std::uint64_t archived = 0;
  for (auto chunk = chunks->rbegin(); chunk != chunks->rend(); ++chunk) {
    archived = std::max(archived, chunk->name.last);
    auto comparison = compare(broker, catalog, info, *chunk);
    if (!comparison) {
      return fail(comparison.error());
    }
    if (*comparison == Comparison::kDifferent) {
      return false;
    }
    // What the stream holds above an equal message must reach as far as the archive does.
    if (*comparison == Comparison::kSame && archived <= info.last_sequence) {
      return true;
    }
  }
  auto watermark = catalog.watermark(epoch.name, filter);
  if (!watermark) {
    return fail(watermark.error());
  }
  return epoch.created == info.created && std::max(archived, *watermark) <= info.last_sequence;
}

// The first epoch name for this life of the stream that isn't taken and sorts after all others.
archive::EpochName next_name(const nats::StreamInfo& info,
                             const std::optional<archive::EpochName>& latest) {
  if (!latest || info.created > latest->created) {
    return {.created = info.created};
  }
  return {.created = latest->created, .ordinal = latest->ordinal + 1};
}

Result<archive::EpochDescription> choose(nats::Broker& broker, const catalog::Catalog& catalog,
                                         const nats::StreamInfo& info, const std::string& filter,
                                         const EpochHint& hint) {
  auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  std::optional<archive::EpochName> latest;
  if (!epochs->empty()) {
    auto same = goes_on(broker, catalog, info, filter, epochs->back(), hint);
    if (!same) {
      return fail(same.error());
    }
    if (*same) {
      return epochs->back();
    }
    latest = *archive::parse_epoch_name(epochs->back().name);
  }
  auto config = parse_json(info.config_json);
  if (!config) {
    return fail(config.error().with_context("configuration of stream " + info.name));
  }
  archive::EpochDescription epoch{.stream = info.name,
                                  .name = archive::to_string(next_name(info, latest)),
                                  .created = info.created,
                                  .config = std::move(*config)};
  if (latest) {
    spdlog::warn(
        "stream '{}' isn't the one that was archived as epoch {}: it was made again, purged "
        "or restored; epoch {} begins",
        info.name, archive::to_string(*latest), epoch.name);
  }
  return epoch;
}

}  // namespace

Result<std::string> resolve_epoch(nats::Broker& broker, const catalog::Catalog& catalog,
                                  const nats::StreamInfo& info, const std::string& filter,
                                  const EpochHint& hint) {
  auto epoch = choose(broker, catalog, info, filter, hint);
  if (!epoch) {
    return fail(epoch.error());
  }
  const std::string component = archive::filter_component(filter);
  if (!epoch->filters.contains(component)) {
    epoch->filters.emplace(component, filter);
    if (auto put = catalog.put_epoch(*epoch); !put) {
      return fail(put.error());
    }
  }
  return epoch->name;
}

}  // namespace nats3::jobs
