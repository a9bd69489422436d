#include "jobs/end_of_stream.h"

#include <fmt/format.h>

namespace nats3::jobs {

Result<void> EndOfStream::check(const nats::StreamInfo& info, std::uint64_t known,
                                MonotonicTime now) {
  if (info.last_sequence >= known) {
    short_since_.reset();
    return {};
  }
  short_since_ = short_since_.value_or(now);
  if (now >= *short_since_ + kSettles) {
    return {};
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("stream '{}' ends at {}, and has held {}: it may have a new leader that "
                          "doesn't know all yet",
                          info.name, info.last_sequence, known));
}

}  // namespace nats3::jobs
