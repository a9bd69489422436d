// What a job does and has done, in words, for the log.
#pragma once

#include <string>

#include "jobs/job.h"

namespace nats3::jobs {

// "archives 'orders.>' of stream 'ORDERS' into bucket 'archive'"
[[nodiscard]] std::string what_it_does(const StoreSpec& spec);
[[nodiscard]] std::string what_it_does(const LoadSpec& spec);
[[nodiscard]] std::string what_it_does(const VerifySpec& spec);

// "1200 messages"
[[nodiscard]] std::string what_was_done(const StoreProgress& progress);
[[nodiscard]] std::string what_was_done(const LoadProgress& progress);
[[nodiscard]] std::string what_was_done(const VerifyProgress& progress);

}  // namespace nats3::jobs
