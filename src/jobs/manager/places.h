// Places: where store jobs write, so that no two of them write the same keys, whichever servers
// make them at the same time. A place is an entry beside the records that names its job. Any
// thread; one or two round trips to NATS.
#pragma once

#include <string>

#include "base/error.h"
#include "jobs/job.h"
#include "nats/broker.h"

namespace nats3::jobs {

// Whether chunks of both would have the same keys.
[[nodiscard]] bool same_place(const StoreSpec& a, const StoreSpec& b);

// kAlreadyExists, in words: the job `by` has the place of `spec`.
[[nodiscard]] Error place_taken(const StoreSpec& spec, const std::string& by);

// Takes the place of `spec` at the time `now` for the job `id`, which is then put on record.
// Errors: kAlreadyExists: a job on record has it, or one that took it within a minute of `now`, as
// clocks differ, and may still get there.
[[nodiscard]] Result<void> take_place(nats::KeyValue& kv, const StoreSpec& spec,
                                      const std::string& id, Timestamp now);
// Gives it back, if it is that job's. Best effort: a place of a job that isn't on record is free.
void free_place(nats::KeyValue& kv, const StoreSpec& spec, const std::string& id);

}  // namespace nats3::jobs
