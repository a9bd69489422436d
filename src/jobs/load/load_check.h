// Checks of a new load job against the world: the target, the bucket and what is in it. What the
// job would fail on anyway is told to whoever asks for it, before anything is on record.
// Thread-safe; blocks for a few requests.
#pragma once

#include <optional>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/extent.h"
#include "jobs/job.h"
#include "jobs/job_environment.h"

namespace nats3::jobs {

// `stores`: the store jobs that there are. Errors: kInvalid (no such bucket, nothing archived
// there, no stream for the target subject, a wrong mapping; it would replay what it published),
// kDenied, kUnavailable.
[[nodiscard]] Result<void> check_spec(const JobEnvironment& environment, const LoadSpec& spec,
                                      const std::vector<StoreJob>& stores);

// What a load of `spec` reads after `position`.
[[nodiscard]] catalog::Selection selection_of(const LoadSpec& spec, catalog::Position position);

// Whether each session of a load without message ids finds the same messages in the same order
// after a position, so that the place of a message in the target can stand for its id: what it
// reads is of one filter, and comes in order. What isn't in `until`, if given, isn't read. Errors:
// kInvalid, which names what else there is; those of ObjectStore.
[[nodiscard]] Result<void> check_one_order(
    const catalog::Catalog& catalog, const LoadSpec& spec,
    const std::optional<catalog::Extent>& until = std::nullopt);

// Whether there is something for it to read, or may come. Errors: kInvalid, also for version-1
// chunks that may hold messages twice; kUnavailable when what it has read up to `position` isn't in
// the bucket; those of ObjectStore.
[[nodiscard]] Result<void> check_archived(const catalog::Catalog& catalog, const LoadSpec& spec,
                                          const catalog::Position& position);

}  // namespace nats3::jobs
