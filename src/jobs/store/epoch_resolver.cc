#include "jobs/store/epoch_resolver.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <span>

#include "archive/key.h"
#include "jobs/common_prefix.h"
#include "jobs/existing_bucket.h"
#include "jobs/store/epoch_writer.h"

namespace nats3::jobs {
namespace {

Error lost(const catalog::Catalog& catalog, const EpochHint& hint, const std::string& what) {
  return {
      ErrorCode::kUnavailable,
      fmt::format("the bucket has less under '{}' than this job archived there, in epoch {} up "
                  "to sequence {}: {}; {}. A job that is made anew begins where the bucket ends",
                  archive::stream_folder(catalog.location()), hint.epoch, hint.archived, what,
                  kIsItMounted)};
}

// Whether the bucket is still the one that the job archived to.
Result<void> check_there(const catalog::Catalog& catalog, const EpochHint& hint,
                         const std::vector<archive::EpochDescription>& epochs) {
  if (hint.epoch.empty() ||
      std::ranges::find(epochs, hint.epoch, &archive::EpochDescription::name) != epochs.end()) {
    return {};
  }
  return fail(lost(catalog, hint, "the epoch isn't there"));
}

// The same of what `epoch` holds: `last` are its chunks from the one on that the job archived last;
// what was deleted, or is in an earlier epoch, reaches up to `elsewhere`.
Result<void> check_there(const catalog::Catalog& catalog, const EpochHint& hint,
                         const archive::EpochDescription& epoch,
                         const std::vector<catalog::ChunkRef>& last, std::uint64_t elsewhere) {
  if (hint.epoch != epoch.name || !last.empty() || elsewhere >= hint.archived) {
    return {};
  }
  return fail(lost(catalog, hint, "its last chunks aren't there"));
}

// Of `epoch`, of which what is deleted reaches up to `deleted`: that which reaches furthest is
// among them.
Result<std::vector<catalog::ChunkRef>> last_chunks(const catalog::Catalog& catalog,
                                                   const std::string& epoch,
                                                   const std::string& filter, const EpochHint& hint,
                                                   std::uint64_t deleted) {
  if (hint.epoch != epoch) {
    return catalog.last_chunks(epoch, filter, 0);
  }
  auto chunks = catalog.last_chunks(epoch, filter, hint.first_of_tail);
  const auto reaches = [&](const catalog::ChunkRef& chunk) {
    return chunk.name.last >= hint.archived;
  };
  // An earlier version has noted the chunk that it archived last.
  const bool is_short = chunks && !chunks->empty() && deleted < hint.archived &&
                        std::ranges::none_of(*chunks, reaches);
  return is_short ? catalog.last_chunks(epoch, filter, 0) : chunks;
}

// Whether the latest of `epochs` goes on. Looks at the stream, into `info`, after it has looked at
// the archive: a server that stood still in between would meet an archive that reaches further than
// the stream it knows, and take that for one that lost its latest messages.
Result<bool> goes_on(nats::Broker& broker, const catalog::Catalog& catalog, nats::StreamInfo& info,
                     const std::string& filter, std::span<const archive::EpochDescription> epochs,
                     const EpochHint& hint, const CheckEnd& check_end) {
  const archive::EpochDescription& epoch = epochs.back();
  const auto watermark = catalog.watermark(epoch.name, filter);
  if (!watermark) {
    return fail(watermark.error());
  }
  const auto chunks = last_chunks(catalog, epoch.name, filter, hint, watermark->last_sequence);
  if (!chunks) {
    return fail(chunks.error());
  }
  auto now = broker.stream_info(info.name);
  if (!now) {
    return now.error().action() == Action::kNotFound
               ? fail(ErrorCode::kUnavailable, now.error().message)
               : fail(now.error());
  }
  info = std::move(*now);
  std::uint64_t archived = std::max(watermark->last_sequence, epoch.shared(filter));
  if (auto there = check_there(catalog, hint, epoch, *chunks, archived); !there) {
    return fail(there.error());
  }
  archived = std::max(archived, hint.epoch == epoch.name ? hint.archived : 0);
  for (const catalog::ChunkRef& chunk : *chunks) {
    archived = std::max(archived, chunk.name.last);
  }
  const bool same_life = epoch.created == info.created;
  if (auto ends = same_life ? check_end(info, archived) : Result<void>(); !ends) {
    return fail(ends.error());
  }
  if (archived > info.last_sequence) {
    return false;
  }
  const bool has_own = !chunks->empty() || watermark->last_sequence > 0;
  const auto latest =
      has_own || epoch.shared(filter) == 0
          ? compare_latest(broker, catalog, info, filter, *chunks, *watermark, archived)
          : compare_shared(broker, catalog, info, filter, epochs.first(epochs.size() - 1),
                           archived);
  if (!latest) {
    return fail(latest.error());
  }
  if (*latest != Comparison::kImpossible) {
    return *latest == Comparison::kSame;
  }
  for (auto chunk = chunks->rbegin(); chunk != chunks->rend(); ++chunk) {
    auto comparison = compare_last(broker, catalog, info, *chunk);
    if (!comparison) {
      return fail(comparison.error());
    }
    if (*comparison == Comparison::kDifferent) {
      return false;
    }
    if (*comparison == Comparison::kSame) {
      return true;
    }
  }
  return same_life;
}

// The first epoch name for this life of the stream that isn't taken and sorts after all others.
archive::EpochName next_name(const nats::StreamInfo& info,
                             const std::optional<archive::EpochName>& latest) {
  if (!latest || info.created > latest->created) {
    return {.created = info.created};
  }
  return {.created = latest->created, .ordinal = latest->ordinal + 1};
}

// One that begins now, after `latest`.
Result<archive::EpochDescription> begin(const nats::StreamInfo& info,
                                        const archive::EpochDescription* latest) {
  auto config = parse_json(info.config_json);
  if (!config) {
    return fail(config.error().with_context("configuration of stream " + info.name));
  }
  std::optional<archive::EpochName> after;
  if (latest != nullptr) {
    after = *archive::parse_epoch_name(latest->name);
  }
  archive::EpochDescription epoch{.stream = info.name,
                                  .name = archive::to_string(next_name(info, after)),
                                  .created = info.created,
                                  .config = std::move(*config)};
  if (latest != nullptr) {
    epoch.parent = latest->name;
    spdlog::warn(
        "stream '{}' isn't the one that was archived as epoch {}: it was made again, purged, "
        "restored, or lost its latest messages; epoch {} begins",
        info.name, epoch.parent, epoch.name);
  }
  return epoch;
}

// The latest of `epochs` if it goes on, and otherwise one that begins. Nothing is written.
Result<archive::EpochDescription> choose(nats::Broker& broker, const catalog::Catalog& catalog,
                                         nats::StreamInfo& info, const std::string& filter,
                                         const EpochHint& hint, const CheckEnd& check_end,
                                         const std::vector<archive::EpochDescription>& epochs) {
  if (auto there = check_there(catalog, hint, epochs); !there) {
    return fail(there.error());
  }
  if (epochs.empty()) {
    return begin(info, nullptr);
  }
  auto same = goes_on(broker, catalog, info, filter, epochs, hint, check_end);
  if (!same) {
    return fail(same.error());
  }
  return *same ? epochs.back() : begin(info, &epochs.back());
}

struct CommonPart {
  std::string epoch;
  std::uint64_t last = 0;
};

// With the one of `epochs`, oldest first, that has most of `filter` in common with the stream;
// not necessarily the latest, as one that was restored is an earlier life. Damage in one that is
// long over must not keep the job from archiving: then its messages are archived again.
Result<CommonPart> greatest_common_part(nats::Broker& broker, const catalog::Catalog& catalog,
                                        const nats::StreamInfo& info, const std::string& filter,
                                        std::span<const archive::EpochDescription> epochs) {
  CommonPart greatest;
  for (const archive::EpochDescription& epoch : epochs) {
    const auto last = last_common(broker, catalog, info, epoch, filter);
    if (!last && last.error().code == ErrorCode::kCorrupt && &epoch != &epochs.back()) {
      spdlog::warn("epoch {} of stream '{}' can't be compared with the stream: {}", epoch.name,
                   info.name, last.error().message);
      continue;
    }
    if (!last) {
      return fail(last.error());
    }
    if (*last > 0 && *last >= greatest.last) {
      greatest = {epoch.name, *last};
    }
  }
  return greatest;
}

// Names `filter` in `epoch`, and what of it earlier ones have already. The first job of an epoch
// says which one is its parent.
Result<void> add_filter(nats::Broker& broker, const catalog::Catalog& catalog,
                        const nats::StreamInfo& info, const std::string& filter,
                        const std::vector<archive::EpochDescription>& epochs,
                        archive::EpochDescription& epoch) {
  const std::string component = archive::filter_component(filter);
  if (!epoch.parent.empty()) {
    const auto here =
        std::ranges::lower_bound(epochs, epoch.name, {}, &archive::EpochDescription::name);
    const auto common = greatest_common_part(broker, catalog, info, filter, {epochs.begin(), here});
    if (!common) {
      return fail(common.error());
    }
    if (epoch.filters.empty() && common->last > 0) {
      epoch.parent = common->epoch;
    }
    epoch.parent_last_sequences[component] = common->last;
  }
  epoch.filters.emplace(component, filter);
  return {};
}

}  // namespace

Result<ResolvedEpoch> resolve_epoch(const JobEnvironment& environment,
                                    const catalog::Catalog& catalog, const StoreSpec& spec,
                                    nats::StreamInfo info, const EpochHint& hint,
                                    const CheckEnd& check_end) {
  const auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  auto epoch = choose(environment.broker, catalog, info, spec.subject, hint, check_end, *epochs);
  if (!epoch) {
    return fail(epoch.error());
  }
  if (!epoch->filters.contains(archive::filter_component(spec.subject))) {
    if (auto added = add_filter(environment.broker, catalog, info, spec.subject, *epochs, *epoch);
        !added) {
      return fail(added.error());
    }
  }
  const EpochWriter writer(environment.kv, catalog, spec.bucket);
  return writer.write(*epoch, *epochs).map([&](const archive::EpochDescription& written) {
    return ResolvedEpoch{written.name, written.shared(spec.subject)};
  });
}

}  // namespace nats3::jobs
