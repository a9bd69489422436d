#include "jobs/store/store_recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobs/existing_bucket.h"
#include "jobs/store/adoption.h"
#include "jobs/store/store_chunk.h"
#include "jobs/store/store_consumer.h"

namespace nats3::jobs {
namespace {

class StoreRecovery {
 public:
  StoreRecovery(const JobEnvironment& environment, const StoreSpec& spec, const StoreRecord& record,
                const nats::StreamInfo& info, const CheckEnd& check_end)
      : environment_(environment),
        spec_(spec),
        record_(record),
        info_(info),
        check_end_(check_end),
        in_order_(!acknowledges(spec, info)) {}

  Result<StoreStart> run() {
    if (auto opened = open_archive(); !opened) {
      return fail(opened.error());
    }
    if (auto planned = plan(); !planned) {
      return fail(planned.error());
    }
    return std::move(start_);
  }

 private:
  Result<void> open_archive();
  Result<void> adopt();
  Result<void> plan();
  Result<void> reach_archived();
  Result<void> check_intents();
  [[nodiscard]] Result<std::optional<catalog::ChunkStats>> stats_of(const ChunkRange& range) const;

  const JobEnvironment& environment_;
  const StoreSpec& spec_;
  const StoreRecord& record_;
  const nats::StreamInfo& info_;
  const CheckEnd& check_end_;
  const bool in_order_;  // chunks come so: not with acknowledgements
  StoreStart start_;
  std::uint64_t shared_ = 0;  // up to here an earlier epoch has it
};

Result<void> StoreRecovery::open_archive() {
  // Where something was archived before, a bucket that isn't there is one that was lost.
  const bool begins = record_.epoch.empty();
  auto store = begins ? environment_.stores.open(spec_.bucket, object::IfMissing::kCreate)
                      : open_existing(environment_.stores, spec_.bucket);
  if (!store) {
    return fail(store.error());
  }
  auto catalog = catalog::Catalog::open(std::move(*store), spec_.prefix.value_or(""), spec_.stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  start_.catalog = std::move(*catalog);
  EpochHint hint{
      .epoch = record_.epoch, .first_of_tail = record_.first_of_tail, .archived = record_.archived};
  for (const ChunkRange& range : record_.intents) {
    hint.first_of_tail = std::min(hint.first_of_tail, range.first);
  }
  auto epoch = resolve_epoch(environment_, *start_.catalog, spec_, info_, hint, check_end_);
  if (!epoch) {
    return fail(epoch.error());
  }
  start_.epoch = epoch->name;
  shared_ = epoch->shared;
  return info_.retention == nats::Retention::kLimits && spec_.adopt_consumer && begins
             ? adopt()
             : Result<void>();
}

// Before the first session's first message. In the bucket as on record: the archive reaches as far
// as the adopted consumer acknowledged.
Result<void> StoreRecovery::adopt() {
  const auto archived = start_.catalog->archived_up_to(start_.epoch, spec_.subject, 0);
  if (!archived) {
    return fail(archived.error());
  }
  const auto reached = adopted_up_to(environment_.broker, *start_.catalog, spec_);
  if (!reached) {
    return fail(reached.error());
  }
  if (*reached == 0 || *archived > 0) {
    return {};
  }
  const auto last = environment_.broker.get_message(spec_.stream, *reached);
  archive::Watermark adopted{.last_sequence = *reached,
                             .last_time = last ? last->message().time : info_.created};
  adopted.deleted.add({1, *reached});
  return start_.catalog->raise_watermark(start_.epoch, spec_.subject, adopted);
}

Result<void> StoreRecovery::plan() {
  start_.totals = record_.job.progress;
  start_.totals.oldest_unarchived.reset();
  start_.totals.lag.reset();
  start_.archived = record_.archived;
  start_.first_of_tail = record_.first_of_tail;
  if (auto checked = check_intents(); !checked) {
    return checked;
  }
  if (record_.epoch != start_.epoch) {
    start_.archived = 0;
    start_.first_of_tail = 0;
    start_.to_make_again.clear();
    start_.found.clear();
  }
  start_.archived = std::max(start_.archived, shared_);
  if (!in_order_) {
    start_.to_make_again.clear();  // what isn't in the bucket wasn't acknowledged, and comes again
    if (!record_.epoch.empty()) {
      return {};
    }
    auto reached = reach_archived();
    if (reached && info_.retention == nats::Retention::kLimits) {
      start_.received = start_.archived;  // elsewhere some before may be left
    }
    return reached;
  }
  if (start_.to_make_again.empty()) {
    if (auto reached = reach_archived(); !reached) {
      return reached;
    }
  }
  start_.received = start_.archived;
  if (start_.received > info_.last_sequence) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("stream '{}' ends at sequence {}, below {} which is archived: is it "
                            "still being restored?",
                            info_.name, info_.last_sequence, start_.received));
  }
  return {};
}

Result<void> StoreRecovery::reach_archived() {
  auto reached = start_.catalog->archived_up_to(start_.epoch, spec_.subject, start_.first_of_tail);
  if (!reached) {
    return fail(reached.error());
  }
  start_.archived = std::max(start_.archived, *reached);
  return {};
}

// Of a chunk on record; nullopt when it didn't make it into the bucket, as far as can be told:
// where chunks are put in order, one that isn't there was deleted if a later one was. The watermark
// is asked for after the chunk, as a load raises it before it deletes.
Result<std::optional<catalog::ChunkStats>> StoreRecovery::stats_of(const ChunkRange& range) const {
  const catalog::Catalog& catalog = *start_.catalog;
  const auto stats = catalog.chunk_stats(archive::chunk_key(
      catalog.location(), record_.epoch, spec_.subject, chunk_name(range, spec_.codec)));
  if (stats) {
    return *stats;
  }
  if (stats.error().action() != Action::kNotFound) {
    return fail(stats.error());
  }
  if (!in_order_) {
    return std::nullopt;  // what wasn't acknowledged comes again
  }
  return catalog.watermark(record_.epoch, spec_.subject)
      .map([&](const archive::Watermark& deleted) {
        return range.last <= deleted.last_sequence ? std::optional(catalog::ChunkStats{})
                                                   : std::nullopt;
      });
}

// Finds out which of the chunks on record made it into the bucket. Where they are put in order, the
// first that didn't is followed by no other.
Result<void> StoreRecovery::check_intents() {
  for (const ChunkRange& range : record_.intents) {
    const auto stats = stats_of(range);
    if (!stats) {
      return fail(stats.error());
    }
    if (!*stats || (in_order_ && !start_.to_make_again.empty())) {
      start_.to_make_again.push_back(range);
      continue;
    }
    if (range.last > start_.archived) {
      start_.archived = range.last;
      start_.first_of_tail = range.first;
    }
    count_stored(start_.totals, environment_.metrics, range.count, **stats);
    start_.found.push_back(range);
  }
  return {};
}

}  // namespace

Result<StoreStart> recover_store(const JobEnvironment& environment, const StoreSpec& spec,
                                 const StoreRecord& record, const nats::StreamInfo& info,
                                 const CheckEnd& check_end) {
  return StoreRecovery(environment, spec, record, info, check_end).run();
}

void count_stored(StoreProgress& totals, Metrics& metrics, std::uint64_t messages,
                  const catalog::ChunkStats& stats) {
  totals.messages += messages;
  totals.bytes += stats.content_bytes;
  totals.stored_bytes += stats.object_bytes;
  totals.chunks += 1;
  metrics.nats_messages.out += messages;
  metrics.nats_bytes.out += stats.object_bytes;
  metrics.s3_objects.in += 1;
  metrics.s3_bytes.in += stats.object_bytes;
}

}  // namespace nats3::jobs
