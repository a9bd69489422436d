// The rules for the names in a spec: of jobs, buckets, prefixes, streams, consumers and subjects.
//
// Names end up in keys and subjects, where a wrong one would mean something else, so each is held
// to the rules of whom it is for before a job is made of it. Pure functions: any thread, any input.
// Errors: kInvalid, saying what the name must be.
#pragma once

#include <string_view>

#include "base/error.h"

namespace nats3::jobs {

// What a person calls a job: 1 to 256 bytes.
[[nodiscard]] Result<void> check_job_name(std::string_view name);

// Source: Amazon S3 User Guide, "Bucket naming rules".
[[nodiscard]] Result<void> check_bucket_name(std::string_view bucket);

// What keys begin with, without the slashes around it: at most 256 bytes, so that a whole key stays
// within 1,024.
[[nodiscard]] Result<void> check_prefix(std::string_view prefix);

// Of a stream or a consumer. Source: NATS docs, "Naming Streams, Consumers, and Accounts". A `%` is
// legal there, but makes nats-server 2.9 drop the connection that pulls from such a stream.
[[nodiscard]] Result<void> check_nats_name(std::string_view name);

// Which subjects a job selects: at most 1,024 bytes, wildcards allowed.
[[nodiscard]] Result<void> check_selected_subject(std::string_view subject);

// Where a load publishes what `read_subject` selects: a subject or a mapping, at most 1,024 bytes.
// Refuses what belongs to the NATS server. The message names the key.
[[nodiscard]] Result<void> check_write_subject(std::string_view read_subject,
                                               std::string_view write_subject);

}  // namespace nats3::jobs
