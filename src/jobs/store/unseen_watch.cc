#include "jobs/store/unseen_watch.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "jobs/store/store_consumer.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::milliseconds kLookInterval{2'000};

}  // namespace

std::uint64_t UnseenWatch::begin(const StoreRecord& record, const std::string& epoch,
                                 std::uint64_t archived, const nats::StreamInfo& info) {
  const bool went_on = record.epoch == epoch;
  const Unseen unseen =
      gaps_.begin(std::max(went_on ? record.accounted : 0, archived), info.first_sequence);
  return went_on || archived > 0 ? count(info, unseen) : 0;
}

Result<std::uint64_t> UnseenWatch::look(MonotonicTime now) {
  if (!gaps_.open() || now < look_at_) {
    return 0;
  }
  look_at_ = now + kLookInterval;
  return environment_.broker.stream_info(job_.spec.stream).map([&](const nats::StreamInfo& info) {
    return count(info, gaps_.settle(info.first_sequence));
  });
}

std::uint64_t UnseenWatch::count(const nats::StreamInfo& info, const Unseen& unseen) const {
  if (unseen.messages == 0 || info.retention != nats::Retention::kLimits ||
      !selects_all(job_.spec, info)) {
    return 0;
  }
  environment_.metrics.unseen_messages += unseen.messages;
  spdlog::warn(
      "job {} '{}': up to {} messages left stream '{}' before they were archived, up to "
      "sequence {}",
      job_.info.id, job_.spec.name, unseen.messages, info.name, unseen.last);
  return unseen.messages;
}

}  // namespace nats3::jobs
