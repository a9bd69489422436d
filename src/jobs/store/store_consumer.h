// How a store job reads its stream.
#pragma once

#include "jobs/job.h"
#include "nats/broker.h"

namespace nats3::jobs {

// How long the server waits for an acknowledgement before it delivers again. Held messages are
// extended at a third of it. After a crash it passes before the job goes on, so it isn't long.
inline constexpr std::chrono::milliseconds kAckWait{10'000};

// Whether the job reads with a durable consumer and explicit acknowledgements: on interest and
// work-queue streams, and wherever it was given a consumer.
[[nodiscard]] bool acknowledges(const StoreSpec& spec, const nats::StreamInfo& info);

// Whether both would read with one consumer, so that each gets part of the messages.
[[nodiscard]] bool share_consumer(const StoreSpec& a, const StoreSpec& b,
                                  const nats::StreamInfo& info);

// Whether the job selects everything that the stream can hold.
[[nodiscard]] bool selects_all(const StoreSpec& spec, const nats::StreamInfo& info);

// The durable is the job's `consumer`, the one it adopts or, as nats-s3-connector has it, one named
// after the subject; it begins at `start_sequence` when it is made here. What an earlier
// incarnation left without acknowledgement comes first, so that the archive grows in order and a
// polling load misses nothing. Without acknowledgements: a fresh consumer from `start_sequence` on.
[[nodiscard]] nats::SourceOptions source_options(const StoreSpec& spec,
                                                 const nats::StreamInfo& info,
                                                 std::uint64_t start_sequence);

}  // namespace nats3::jobs
