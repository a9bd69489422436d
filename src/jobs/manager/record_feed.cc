#include "jobs/manager/record_feed.h"

#include <algorithm>

namespace nats3::jobs {

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
  const auto changes = kv_.changes("job.", seen_);
  synced_ = changes.has_value();
  if (!changes) {
    return fail(changes.error());
  }
  for (const auto& change : *changes) {
    tables_.apply(change);
    seen_ = std::max(seen_, change.revision);
  }
  return {};
}

void RecordFeed::refresh() {
  if (synced_) {
    static_cast<void>(sync());
  }
}

}  // namespace nats3::jobs
