#include "jobs/archives.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/key.h"
#include "base/time_text.h"
#include "catalog/catalog.h"
#include "catalog/replay_reader.h"
#include "jobs/archive_lines.h"
#include "object/budgeted.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::seconds kMostTime{60};

// For who only wants it to end when it is told to stop.
object::Budget unbounded() { return {.requests = SIZE_MAX, .time = std::chrono::years{100}}; }

// What to say of an error of who reads.
Error told(const Error& error) {
  return error.code == ErrorCode::kCancelled
             ? Error{ErrorCode::kUnavailable, "the server is stopping: ask again when it is back"}
             : error;
}

// Has `after` say of each filter that it was read up to its sequence.
Result<void> reach_all(const catalog::Catalog& catalog, catalog::Position& after) {
  const auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  const auto epoch = std::ranges::find(*epochs, after.epoch, &archive::EpochDescription::name);
  if (epoch == epochs->end()) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no epoch '{}'", after.epoch));
  }
  return catalog.filters(*epoch).map([&](const std::vector<std::string>& filters) {
    for (const std::string& filter : filters) {
      after.reached[filter] = after.sequence;
    }
  });
}

// A place among those that `semaphore` lets in, until it ends; null when it lets nobody in.
template <typename Semaphore>
std::shared_ptr<Semaphore> enter(Semaphore& semaphore) {
  return {semaphore.try_acquire() ? &semaphore : nullptr, [](Semaphore* entered) {
            if (entered != nullptr) {
              entered->release();
            }
          }};
}

}  // namespace

// `look` gets the bucket, when it is its turn.
template <typename Look>
auto Archives::look_into(const std::string& bucket, const Look& look)
    -> decltype(look(std::shared_ptr<object::ObjectStore>())) {
  const auto turn = enter(turns_);
  if (!turn) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("{} others are looking into buckets at the moment: try again", kMostAtOnce));
  }
  return stores_.open(bucket, object::IfMissing::kFail)
      .and_then([&](const std::shared_ptr<object::ObjectStore>& store) {
        return look(object::make_budgeted(store, {.requests = kMostRequests, .time = kMostTime},
                                          stop_.get_token()));
      });
}

Result<catalog::BucketContents> Archives::streams(const std::string& bucket,
                                                  const std::string& prefix) {
  return look_into(bucket, [&](const std::shared_ptr<object::ObjectStore>& store) {
    return catalog::bucket_contents(store, archive::trim_prefix(prefix))
        .map_error([&](const Error& error) {
          const std::string_view hint = error.code == ErrorCode::kInvalid
                                            ? " (a prefix that is nearer to them makes it less)"
                                            : "";
          return error.with_context(
              fmt::format("looking for streams in bucket '{}'{}", bucket, hint));
        });
  });
}

// `act` gets the archive of `stream`, if there is one.
template <typename Act>
auto Archives::look_into_stream(const std::string& bucket, const std::string& prefix,
                                const std::string& stream, const Act& act)
    -> decltype(act(std::declval<const catalog::Catalog&>())) {
  return look_into(bucket, [&](const std::shared_ptr<object::ObjectStore>& store) {
    return catalog::Catalog::open(store, archive::trim_prefix(prefix), stream)
        .and_then([&](const auto& catalog) { return act(*catalog); });
  });
}

Result<catalog::StreamContents> Archives::stream(const std::string& bucket,
                                                 const std::string& prefix,
                                                 const std::string& stream) {
  return look_into_stream(bucket, prefix, stream,
                          [&](const catalog::Catalog& catalog) -> Result<catalog::StreamContents> {
                            auto contents = catalog::stream_contents(catalog);
                            if (!contents) {
                              return fail(contents.error().with_context(
                                  fmt::format("counting what is archived of stream '{}'", stream)));
                            }
                            if (contents->empty()) {
                              return fail(ErrorCode::kNotFound, catalog.nothing_archived());
                            }
                            return contents;
                          });
}

Result<catalog::Pruned> Archives::prune(const std::string& bucket, const std::string& prefix,
                                        const std::string& stream, Timestamp before, bool dry_run) {
  if (before > Clock::system().now()) {
    return fail(ErrorCode::kInvalid, "before must not be in the future");
  }
  return look_into_stream(
      bucket, prefix, stream, [&](const catalog::Catalog& catalog) -> Result<catalog::Pruned> {
        auto pruned = dry_run ? catalog::find_prunable(catalog, before)
                              : catalog::prune(catalog, before, kMostPruned);
        if (!pruned) {
          return fail(pruned.error().with_context(
              fmt::format("pruning the archive of stream '{}'", stream)));
        }
        if (!dry_run) {
          spdlog::info("pruned stream '{}' in bucket '{}': {} chunks, {} messages from before {}",
                       stream, bucket, pruned->totals.chunks, pruned->totals.messages,
                       format_time(before));
        }
        return pruned;
      });
}

Result<ArchiveService::Lines> Archives::read(const std::string& bucket, const std::string& prefix,
                                             const std::string& stream,
                                             const catalog::Selection& selection,
                                             std::uint64_t limit) {
  auto place = enter(readers_);
  if (!place) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} others are reading archives at the moment: try again when one has "
                            "ended",
                            kMostReaders));
  }
  const auto store = stores_.open(bucket, object::IfMissing::kFail);
  if (!store) {
    return fail(store.error());
  }
  auto catalog =
      catalog::Catalog::open(object::make_budgeted(*store, unbounded(), stop_.get_token()),
                             archive::trim_prefix(prefix), stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  catalog::Selection selected = selection;
  const bool goes_on = !selection.after.epoch.empty();
  const auto archived = goes_on ? reach_all(**catalog, selected.after).map([] { return true; })
                                : catalog::is_archived(**catalog, selection);
  if (!archived) {
    return fail(told(archived.error()));
  }
  if (!*archived) {
    return fail(ErrorCode::kNotFound, (*catalog)->nothing_archived());
  }
  auto lines = std::make_shared<ArchiveLines>(std::move(*catalog), selected, limit);
  return [place = std::move(place), lines = std::move(lines)] {
    return lines->next().map_error(told);
  };
}

}  // namespace nats3::jobs
