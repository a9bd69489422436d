// Metrics: what the jobs of this process have done, counted where it happens and read by the API.
// `direction` is seen from the far side, as nats-s3-connector has it: a store counts NATS out and
// S3 in, a load S3 out and NATS in. Lock-free; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace nats3::jobs {

enum class JobKind { kStore, kLoad };

struct Traffic {
  std::atomic<std::uint64_t> in{0};
  std::atomic<std::uint64_t> out{0};
};

struct JobCounts {
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::int64_t> current{0};  // running now: falls on pause
};

struct Metrics {
  Traffic nats_messages;
  Traffic nats_bytes;  // out: serialized chunk bytes; in: payload bytes
  Traffic s3_objects;
  Traffic s3_bytes;
  std::atomic<std::uint64_t> retries{0};         // attempts put off by transient trouble
  std::atomic<std::uint64_t> corrupt_chunks{0};  // found on reading
  std::atomic<std::uint64_t> unseen_messages{
      0};  // that left their stream before they were archived
  JobCounts stores;
  JobCounts loads;

  [[nodiscard]] JobCounts& of(JobKind kind) { return kind == JobKind::kStore ? stores : loads; }
};

}  // namespace nats3::jobs
