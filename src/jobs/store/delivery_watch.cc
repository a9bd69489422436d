#include "jobs/store/delivery_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/time_text.h"
#include "jobs/store/store_consumer.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::seconds kAskWithoutRoom{2};
constexpr std::chrono::minutes kAskInSilence{2};
// What waits may have come this moment, or not have been asked for.
constexpr std::chrono::seconds kAskAgain{10};

}  // namespace

void DeliveryWatch::left(std::uint64_t pending, MonotonicTime now) {
  pending_ = pending;
  taken_ = now;
  asked_ = now;
  stands_at_.reset();
}

Result<void> DeliveryWatch::look(const Held& held, MonotonicTime now) {
  if (held.has_room && durable_.empty()) {
    return {};  // deliveries tell, and heartbeats that none is due
  }
  const std::chrono::seconds interval = !held.has_room ? kAskWithoutRoom
                                        : stands_at_   ? kAskAgain
                                                       : kAskInSilence;
  if (now - asked_ < interval) {
    return {};
  }
  asked_ = now;
  if (durable_.empty()) {
    count_in_stream(held.reached);
    return {};
  }
  return look_at_consumer(held, now);
}

void DeliveryWatch::count_in_stream(std::uint64_t reached) {
  const auto info = broker_.stream_info(spec_.stream);
  if (info && selects_all(spec_, *info)) {
    pending_ =
        info->last_sequence > reached ? std::min(info->messages, info->last_sequence - reached) : 0;
  }
}

// What the consumer counts isn't enough to say that a message waits: counts have been wrong.
Result<void> DeliveryWatch::look_at_consumer(const Held& held, MonotonicTime now) {
  const auto stood_at = std::exchange(stands_at_, std::nullopt);
  const auto position = broker_.consumer_position(spec_.stream, durable_);
  if (!position) {
    return {};  // the source tells, if it stays so
  }
  pending_ = position->pending;
  const auto silence = now - taken_;
  // After its opening it may be an ack wait before anything is asked for.
  const bool too_long = silence >= kAskInSilence && silence / 2 >= position->ack_wait;
  if (!held.has_room || held.deliveries > 0 || pending_ == 0 || !too_long || position->paused) {
    return {};
  }
  const auto next = broker_.next_message(spec_.stream, spec_.subject, position->delivered + 1);
  if (!next) {
    return {};
  }
  if (stood_at != position->delivered) {
    stands_at_ = position->delivered;
    return {};
  }
  return fail(
      ErrorCode::kUnavailable,
      fmt::format("consumer {} of stream {} has delivered nothing for {}, although message "
                  "{} waits: other readers may hold as many messages as its "
                  "max_ack_pending allows, or it stands still. It is opened anew",
                  durable_, spec_.stream, format_duration(silence), next->message().sequence));
}

}  // namespace nats3::jobs
