#include "jobs/store/delivery_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/time_text.h"
#include "jobs/store/store_consumer.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::seconds kAskWithoutRoom{2};
constexpr std::chrono::seconds kPause{1};  // after the last delivery, or acknowledgement
constexpr std::chrono::minutes kAskInSilence{2};
// What waits may have come this moment, or not have been asked for.
constexpr std::chrono::seconds kAskAgain{2};
constexpr std::chrono::seconds kAskDurableAgain{10};

}  // namespace

void DeliveryWatch::left(std::uint64_t pending, MonotonicTime now) {
  looked_ = taken_ == MonotonicTime{} ? now : looked_;
  pending_ = pending;
  taken_ = now;
  quiet_since_ = now;
  asked_ = now;
  stands_at_.reset();
}

bool DeliveryWatch::due(const Held& held, MonotonicTime now) const {
  // A work queue that is never silent may hold what was passed over, too.
  const bool suspect = behind_ || held.held_back;
  if (consumer_.of_work_queue &&
      now - looked_ >= (suspect ? std::chrono::seconds{kAskDurableAgain} : kAskInSilence)) {
    return true;
  }
  if (held.has_room && asked_ <= quiet_since_) {
    return now - quiet_since_ >= kPause;
  }
  const std::chrono::seconds again = consumer_.durable.empty() ? kAskAgain : kAskDurableAgain;
  const std::chrono::seconds interval = !held.has_room ? kAskWithoutRoom
                                        : stands_at_   ? again
                                                       : kAskInSilence;
  return now - asked_ >= interval;
}

Result<void> DeliveryWatch::look(const Held& held, MonotonicTime now) {
  held_back_ = held.held_back;
  if (std::exchange(holds_, held.deliveries > 0) && !holds_) {
    quiet_since_ = now;
  }
  if (!due(held, now)) {
    return {};
  }
  asked_ = now;
  if (!consumer_.durable.empty()) {
    return look_at_consumer(held, now);
  }
  if (held.has_room) {
    return look_ahead(held.reached);
  }
  count_in_stream(held.reached);
  return {};
}

void DeliveryWatch::count_in_stream(std::uint64_t reached) {
  const auto info = broker_.stream_info(spec_.stream);
  if (info && selects_all(spec_, *info)) {
    pending_ =
        info->last_sequence > reached ? std::min(info->messages, info->last_sequence - reached) : 0;
  }
}

Result<void> DeliveryWatch::look_ahead(std::uint64_t reached) {
  const auto stood_at = std::exchange(stands_at_, std::nullopt);
  const auto next = broker_.next_message(spec_.stream, spec_.subject, reached + 1);
  if (!next) {
    const bool none = next.error().action() == Action::kNotFound;
    pending_ = none ? 0 : pending_;
    return {};  // the source tells, if NATS is away
  }
  const std::uint64_t waits = next->message().sequence;
  pending_ = std::max<std::uint64_t>(pending_, 1);
  if (stood_at != waits) {
    stands_at_ = waits;
    return {};
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("message {} of stream {} waits and isn't delivered: the consumer has "
                          "passed over it, or stands still. Another one is opened",
                          waits, spec_.stream));
}

// What the consumer counts isn't enough to say that a message waits: counts have been wrong.
Result<void> DeliveryWatch::look_at_consumer(const Held& held, MonotonicTime now) {
  looked_ = now;
  const auto stood_at = std::exchange(stands_at_, std::nullopt);
  const auto position = broker_.consumer_position(spec_.stream, consumer_.durable);
  if (!position) {
    return {};  // the source tells, if it stays so
  }
  const std::uint64_t elsewhere =
      position->unacknowledged - std::min(position->unacknowledged, held.deliveries);
  pending_ = position->pending + elsewhere;
  if (auto all = look_behind(held, position->ack_floor, now); !all) {
    return all;
  }
  if (!held.has_room || position->pending == 0) {
    return {};
  }
  const auto next = broker_.next_message(spec_.stream, spec_.subject, position->delivered + 1);
  if (!next) {
    const bool none = next.error().action() == Action::kNotFound;
    pending_ = none ? elsewhere : pending_;
    return {};
  }
  const auto silence = now - taken_;
  // After its opening it may be an ack wait before anything is asked for.
  const bool too_long = silence >= kAskInSilence && silence / 2 >= position->ack_wait;
  if (held.deliveries > 0 || !too_long || position->paused) {
    return {};
  }
  if (stood_at != position->delivered) {
    stands_at_ = position->delivered;
    return {};
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("consumer {} of stream {} has delivered nothing for {}, although message "
                          "{} waits: other readers may hold as many messages as its "
                          "max_ack_pending allows, or it stands still. It is opened anew",
                          consumer_.durable, spec_.stream, format_duration(silence),
                          next->message().sequence));
}

// A message of a work queue that counts as acknowledged, and isn't held here, is there for a moment
// at most.
Result<void> DeliveryWatch::look_behind(const Held& held, std::uint64_t ack_floor,
                                        MonotonicTime now) {
  const auto before = std::exchange(behind_, std::nullopt);
  if (!consumer_.of_work_queue) {
    return {};
  }
  const auto first = broker_.next_message(spec_.stream, spec_.subject, 1);
  const std::uint64_t sequence = first ? first->message().sequence : 0;
  if (sequence == 0 || sequence > ack_floor || (held.first && sequence >= *held.first)) {
    return {};
  }
  behind_ = sequence;
  if (before != sequence) {
    behind_since_ = now;
  }
  return now - behind_since_ < kAskDurableAgain ? Result<void>() : make_anew(sequence);
}

Result<void> DeliveryWatch::make_anew(std::uint64_t passed_over) {
  const auto gone = broker_.delete_consumer(spec_.stream, consumer_.durable);
  const bool stays = !gone && gone.error().action() != Action::kNotFound;
  return fail(
      ErrorCode::kUnavailable,
      fmt::format("consumer {} of stream {} has passed over message {}, which is still in "
                  "the queue, as nats-server before 2.9.12 does when another subject is "
                  "purged: {}",
                  consumer_.durable, spec_.stream, passed_over,
                  stays ? "delete it, so that it is made anew (" + gone.error().message + ")"
                        : "it is made anew"));
}

}  // namespace nats3::jobs
