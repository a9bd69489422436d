// The archive that a load replays: the bucket it is in, how far it is to be read, and its messages.
//
// A load that doesn't poll replays what is archived when it begins. That goes on record first: a
// store job may archive what the load publishes, and a place without a message id stands for a
// message only while what is read stays the same.
// Functions block on the store and on NATS: within the steps of one job.
#pragma once

#include <memory>

#include "base/error.h"
#include "catalog/catalog.h"
#include "jobs/job_environment.h"
#include "jobs/load/read_ahead.h"
#include "jobs/record_keeper.h"

namespace nats3::jobs {

// The archive of `spec`, read up to `position`. Errors: those of check_archived() and of opening a
// bucket that exists.
[[nodiscard]] Result<std::shared_ptr<catalog::Catalog>> open_archive(
    const JobEnvironment& environment, const LoadSpec& spec, const catalog::Position& position);

// Puts on record how far the archive reaches, where a load doesn't poll and has no record of it.
// Errors: those of catalog::extent_of() and of RecordKeeper::update().
[[nodiscard]] Result<void> record_extent(const catalog::Catalog& catalog,
                                         RecordKeeper<LoadRecord>& keeper);

// Reads what is selected. What it returns keeps `catalog`.
[[nodiscard]] ReadAhead::Read reading(std::shared_ptr<catalog::Catalog> catalog,
                                      const catalog::Selection& selection, OnCorrupt on_corrupt);

}  // namespace nats3::jobs
