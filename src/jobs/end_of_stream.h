// EndOfStream: whether a stream that ends before what it is known to have held is to be believed.
//
// It may have lost its latest messages, or it has a new leader that doesn't know all yet:
// nats-server 2.9 names one before it has applied its log. So a while has to pass first.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "nats/broker.h"

namespace nats3::jobs {

class EndOfStream {
 public:
  static constexpr std::chrono::seconds kSettles{5};

  // Errors: kUnavailable when it ends before `known`, and hasn't done so for as long as kSettles.
  [[nodiscard]] Result<void> check(const nats::StreamInfo& info, std::uint64_t known,
                                   MonotonicTime now);

 private:
  std::optional<MonotonicTime> short_since_;
};

}  // namespace nats3::jobs
