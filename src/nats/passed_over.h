// PassedOver: whether a consumer left out messages that its stream has.
//
// nats-server before 2.9.12, Debian's among them, moves a consumer when messages of one subject are
// purged, by a request or by a message with Nats-Rollup, although its filter selects others as
// well: to the first message that is left of that subject, or to the end of the stream. The
// consumer's own count of deliveries goes on without a gap. So each jump in the sequences is held
// against what the stream has.
// Source: nats-server v2.9.10 and v2.9.12, server/stream.go, purge().
// Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nats/api.h"

namespace nats3::nats {

class PassedOver {
 public:
  // The consumer delivers what `filter` selects of `stream`, in order, from `start_sequence` on.
  PassedOver(Api api, std::string stream, std::string filter, std::uint64_t start_sequence);

  // It delivered `sequence`, which has the place `index` in a batch.
  void take(std::uint64_t sequence, std::size_t index);

  struct Finding {
    std::size_t index = 0;  // of the delivery before which something is missing, or may be
    Error why;              // kUnavailable
  };
  // Judges what was taken since the last call. Blocks for a request for each jump, pipelined.
  [[nodiscard]] std::optional<Finding> find();

 private:
  struct Jump {
    std::uint64_t from = 0;  // the first sequence that wasn't delivered
    std::uint64_t to = 0;    // what was delivered instead
    std::size_t index = 0;
  };

  Api api_;
  const std::string stream_;
  const std::string filter_;
  std::uint64_t next_ = 0;
  std::vector<Jump> jumps_;
};

}  // namespace nats3::nats
