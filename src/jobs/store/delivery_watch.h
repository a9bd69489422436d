// DeliveryWatch: how many messages a store job's consumer has still to deliver, and whether it
// does.
//
// Each delivery tells what is left. While none comes, NATS is asked: soon, often while the job has
// no room for more, and now and then otherwise. What the consumer counts is then held against the
// stream: what waits there and isn't delivered is what a consumer stands still before, as in
// nats-server 2.9 after a crash, or has passed over (nats/passed_over.h). Opening one anew sets it
// going, or finds what was passed over; of a work queue it has to be made anew for that.
// Not thread-safe. Blocks for three requests at most.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "jobs/job.h"
#include "nats/broker.h"

namespace nats3::jobs {

class DeliveryWatch {
 public:
  struct Consumer {
    std::string durable;         // "" without acknowledgements
    bool of_work_queue = false;  // whose stream removes what is acknowledged
  };
  // The others outlive this.
  DeliveryWatch(nats::Broker& broker, const StoreSpec& spec, Consumer consumer)
      : broker_(broker), spec_(spec), consumer_(std::move(consumer)) {}

  // The consumer was opened, or messages were taken; so many are left to be delivered after that.
  void left(std::uint64_t pending, MonotonicTime now);

  // What the job has of its messages.
  struct Held {
    std::uint64_t deliveries = 0;
    std::optional<std::uint64_t> first;  // the lowest sequence of them
    std::uint64_t reached = 0;           // sequence of the last, without acknowledgements
    bool has_room = true;                // for more
    bool held_back = false;              // is its CompleteMark
  };
  // Asks when it is time to. Errors: kUnavailable, when nothing is delivered of what waits, or
  // something was passed over; the consumer of a work queue is gone then.
  [[nodiscard]] Result<void> look(const Held& held, MonotonicTime now);

  // As far as is known. What was passed over isn't among what the consumer counts.
  [[nodiscard]] std::uint64_t pending() const {
    return std::max<std::uint64_t>(pending_, behind_ || held_back_ ? 1 : 0);
  }

 private:
  [[nodiscard]] bool due(const Held& held, MonotonicTime now) const;
  void count_in_stream(std::uint64_t reached);
  [[nodiscard]] Result<void> look_ahead(std::uint64_t reached);
  [[nodiscard]] Result<void> look_at_consumer(const Held& held, MonotonicTime now);
  [[nodiscard]] Result<void> look_behind(const Held& held, std::uint64_t ack_floor,
                                         MonotonicTime now);
  [[nodiscard]] Result<void> make_anew(std::uint64_t passed_over);

  nats::Broker& broker_;
  const StoreSpec& spec_;
  const Consumer consumer_;
  std::uint64_t pending_ = 0;
  // Where it seemed to stand still: without acknowledgements the message that waits, else the last
  // that was delivered.
  std::optional<std::uint64_t> stands_at_;
  std::optional<std::uint64_t> behind_;  // a message that seemed to be passed over
  MonotonicTime behind_since_;
  bool holds_ = false;         // deliveries, when it last looked
  bool held_back_ = false;     // the mark was, then
  MonotonicTime taken_;        // the last delivery, or the opening
  MonotonicTime quiet_since_;  // likewise, or all was acknowledged
  MonotonicTime asked_;        // likewise, or NATS
  MonotonicTime looked_;       // at the durable consumer, or the opening
};

}  // namespace nats3::jobs
