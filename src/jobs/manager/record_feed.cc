#include "jobs/manager/record_feed.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace nats3::jobs {
namespace {

// In less a bucket that lost writes hasn't got as many new ones.
constexpr std::chrono::seconds kLongAgo{5};

}  // namespace

Result<void> RecordFeed::sync() {
  const std::uint64_t asked = ++asked_;
  const std::lock_guard lock(mutex_);
  if (served_ < asked) {
    served_ = asked_;
    last_ = look();
  }
  return last_;
}

Result<void> RecordFeed::look() {
  const MonotonicTime now = clock_.monotonic();
  auto looked = kv_.stream().and_then([&](const auto& stream) { return read(stream, now); });
  synced_ = looked.has_value();
  return looked;
}

Result<void> RecordFeed::read(const nats::StreamInfo& stream, MonotonicTime now) {
  const bool same = created_ == stream.created;
  if (auto ended = same ? end_.check(stream, seen_, now) : Result<void>(); !ended) {
    return ended;
  }
  const bool shorter = same && stream.last_sequence < seen_;
  const bool anew = !same || shorter || !synced_ || now > looked_at_ + kLongAgo;
  if (created_ && (!same || shorter)) {
    spdlog::warn("the bucket of the jobs' records {}: all are read again",
                 same ? "has lost its latest writes" : "was made again");
  }
  // Jobs get into the tables once they are on record, so none that was made just now is missing.
  auto gone = anew ? tables_.keys() : std::set<std::string>();
  const std::uint64_t after = anew ? 0 : seen_;
  const auto changes = stream.last_sequence > after
                           ? kv_.changes("job.", after)
                           : Result<std::vector<nats::KvChange>>(std::vector<nats::KvChange>{});
  if (!changes) {
    return fail(changes.error());
  }
  seen_ = after;
  for (const auto& change : *changes) {
    tables_.apply(change);
    gone.erase(change.key);
    seen_ = std::max(seen_, change.revision);
  }
  for (const std::string& key : gone) {
    // What is written while the others are read is left for the next look.
    const auto there = kv_.get(key);
    if (!there && there.error().action() != Action::kNotFound) {
      return fail(there.error());
    }
    if (!there) {
      tables_.apply({.key = key});
    }
  }
  created_ = stream.created;
  looked_at_ = now;
  return {};
}

void RecordFeed::refresh() {
  if (synced_) {
    static_cast<void>(sync());
  }
}

}  // namespace nats3::jobs
