// Checks of a new job against the world: the stream, the bucket, the target. What a job would fail
// on anyway is told to whoever asks for it, before anything is on record. Thread-safe; blocks for a
// few requests.
#pragma once

#include "catalog/catalog.h"
#include "jobs/job.h"
#include "jobs/job_environment.h"

namespace nats3::jobs {

// Makes the bucket when it is missing, and writes the stream's description into it, which shows
// that it can be written. Returns what is to be put on record: the spec, with the consumer it must
// adopt. Errors: kInvalid (unknown stream, a subject outside it, a consumer the server refuses),
// kDenied, kUnavailable.
[[nodiscard]] Result<StoreSpec> check_spec(const JobEnvironment& environment, StoreSpec spec);

// Errors: kInvalid: `subject` can't be in the stream as it is configured.
[[nodiscard]] Result<void> check_subject(const nats::StreamInfo& info, const std::string& subject);

// Errors: kInvalid (no such bucket, nothing archived there, no stream for the target subject, a
// wrong mapping), kDenied, kUnavailable.
[[nodiscard]] Result<void> check_spec(const JobEnvironment& environment, const LoadSpec& spec);

// Errors: kInvalid (no such bucket, nothing archived there), kDenied, kUnavailable.
[[nodiscard]] Result<void> check_spec(const JobEnvironment& environment, const VerifySpec& spec);

// A load that polls may come before the job that archives.
[[nodiscard]] object::IfMissing if_bucket_is_missing(const LoadSpec& spec);

// What a load of `spec` reads after `position`.
[[nodiscard]] catalog::Selection selection_of(const LoadSpec& spec, catalog::Position position);

// Whether there is something for it to read, or may come. Errors: kInvalid, also for version-1
// chunks that may hold messages twice; those of ObjectStore.
[[nodiscard]] Result<void> check_archived(const catalog::Catalog& catalog, const LoadSpec& spec,
                                          const catalog::Position& position);

}  // namespace nats3::jobs
