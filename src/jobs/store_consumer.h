// How a store job reads its stream.
#pragma once

#include "jobs/job.h"
#include "nats/broker.h"

namespace nats3::jobs {

// How long the server waits for an acknowledgement before it delivers again. Held messages are
// extended at a third of it. After a crash it passes before the job goes on, so it isn't long.
inline constexpr std::chrono::milliseconds kAckWait{10'000};

// Limits streams: a fresh consumer without acknowledgements from `start_sequence` on, named after
// the job's `consumer`. Interest and work-queue streams: a durable with explicit ones, named by the
// job's `consumer` or, as nats-s3-connector did, after the subject. What an earlier incarnation
// left without acknowledgement comes first, so that the archive grows in order and a polling load
// misses nothing.
[[nodiscard]] nats::SourceOptions source_options(const StoreSpec& spec,
                                                 const nats::StreamInfo& info,
                                                 std::uint64_t start_sequence);

}  // namespace nats3::jobs
