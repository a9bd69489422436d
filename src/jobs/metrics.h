// Metrics: what the jobs of this process have done, counted where it happens and read by the API.
// `direction` is seen from the far side, as nats-s3-connector has it: a store counts NATS out and
// S3 in, a load S3 out and NATS in. Lock-free; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "catalog/finding.h"

namespace nats3::jobs {

enum class JobKind { kStore, kLoad, kVerify };

[[nodiscard]] std::string_view to_string(JobKind kind);  // "store"

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
  std::atomic<std::uint64_t> verified_chunks{0};
  std::atomic<std::uint64_t> verified_bytes{0};
  std::array<std::atomic<std::uint64_t>, catalog::kFindingKinds.size()> findings{};  // by kind
  std::atomic<std::uint64_t> repaired_chunks{0};
  JobCounts stores;
  JobCounts loads;
  JobCounts verifications;

  [[nodiscard]] JobCounts& of(JobKind kind) {
    return kind == JobKind::kStore ? stores : kind == JobKind::kLoad ? loads : verifications;
  }
};

}  // namespace nats3::jobs
