// The JSON form of jobs: what the API takes and gives, and what the job record keeps.
// Pure functions: any thread, any input. docs/api.md lists every key with its limits.
// Source: the interface of nats-s3-connector, which docs/migration.md compares.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "jobs/job.h"
#include "jobs/job_service.h"

namespace nats3::jobs {

// Read a StoreJobCreate, LoadJobCreate or VerifyJobCreate body. `null` for an optional key means
// absent, and so does `""` for prefix and consumer; slashes around a prefix are dropped; a load or
// verification without a name gets one. Durations come as {"secs", "nanos"} or as text such as
// "5s". What only answers have (id, status, progress, ...) is left aside, so that a job as it was
// answered makes another like it. Errors: kInvalid, naming the key, what it should be, and for an
// unknown key the nearest known one. Only the form is checked here, names and limits included;
// JobService checks against the world.
[[nodiscard]] Result<StoreSpec> parse_store_spec(const Json& whole);
[[nodiscard]] Result<LoadSpec> parse_load_spec(const Json& whole);
[[nodiscard]] Result<VerifySpec> parse_verify_spec(const Json& whole);

// Takes the key `paused` out of such a body, which says whether the job is to wait for its resume.
// Errors: kInvalid when it's no boolean.
[[nodiscard]] Result<Start> take_start(Json& body);

// The bodies the parsers read back to the same spec, with every key in full.
[[nodiscard]] Json to_json(const StoreSpec& spec);
[[nodiscard]] Json to_json(const LoadSpec& spec);
[[nodiscard]] Json to_json(const VerifySpec& spec);

// Jobs as the API gives them: the spec in full (absent options null), id, status,
// created, updated; and as additions progress, last_error and last_error_since.
[[nodiscard]] Json to_json(const StoreJob& job);
[[nodiscard]] Json to_json(const LoadJob& job);
[[nodiscard]] Json to_json(const VerifyJob& job);
[[nodiscard]] Json to_json(const catalog::Finding& finding);

// A server as the API lists it.
[[nodiscard]] Json to_json(const ServerStatus& server);

[[nodiscard]] std::string_view to_string(Status status);  // "Running"
// Errors: kInvalid.
[[nodiscard]] Result<Status> parse_status(std::string_view text);
[[nodiscard]] std::string_view to_string(Exactness::Kind kind);  // "read_back"
// Errors: kInvalid.
[[nodiscard]] Result<Exactness::Kind> parse_exactness(std::string_view text);

}  // namespace nats3::jobs
