// ChunkTotals: what some chunks come to, by their names or by segments of an index. A value.
#pragma once

#include <algorithm>
#include <cstdint>

#include "archive/key.h"
#include "archive/segment_index.h"
#include "base/clock.h"
#include "base/saturating.h"

namespace nats3::catalog {

struct ChunkTotals {
  std::uint64_t chunks = 0;
  std::uint64_t messages = 0;  // one that is in two chunks counts twice
  std::uint64_t last_sequence = 0;
  Timestamp time_min;  // of any message; without chunks, 1970
  Timestamp time_max;

  void add(const ChunkTotals& more) {
    if (more.chunks == 0) {
      return;
    }
    time_min = chunks == 0 ? more.time_min : std::min(time_min, more.time_min);
    time_max = chunks == 0 ? more.time_max : std::max(time_max, more.time_max);
    last_sequence = std::max(last_sequence, more.last_sequence);
    chunks = saturating_add(chunks, more.chunks);  // names can claim any number
    messages = saturating_add(messages, more.messages);
  }
  void add(const archive::ChunkName& chunk) {
    add({1, chunk.count, chunk.last, chunk.time_min, chunk.time_max});
  }
  void add(const archive::Segment& segment) {
    add({segment.chunks, segment.messages, segment.last, segment.time_min, segment.time_max});
  }

  bool operator==(const ChunkTotals&) const = default;
};

}  // namespace nats3::catalog
