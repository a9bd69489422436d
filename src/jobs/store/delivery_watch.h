// DeliveryWatch: how many messages a store job's consumer has still to deliver, and whether it
// does.
//
// Each delivery tells what is left. While none comes, NATS is asked: often while the job has no
// room for more, and now and then otherwise, with acknowledgements. nats-server 2.9 has consumers
// that stand still after a crash although messages wait; opening one anew sets it going.
// Not thread-safe. Blocks for two requests at most.
#pragma once

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
  // A job without acknowledgements has no `durable`. The others outlive this.
  DeliveryWatch(nats::Broker& broker, const StoreSpec& spec, std::string durable)
      : broker_(broker), spec_(spec), durable_(std::move(durable)) {}

  // The consumer was opened, or messages were taken; so many are left to be delivered after that.
  void left(std::uint64_t pending, MonotonicTime now);

  // What the job has of its messages.
  struct Held {
    std::uint64_t deliveries = 0;
    std::uint64_t reached = 0;  // sequence of the last, without acknowledgements
    bool has_room = true;       // for more
  };
  // Asks when it is time to. Errors: kUnavailable, when nothing is delivered of what waits.
  [[nodiscard]] Result<void> look(const Held& held, MonotonicTime now);

  // As far as is known.
  [[nodiscard]] std::uint64_t pending() const { return pending_; }

 private:
  void count_in_stream(std::uint64_t reached);
  [[nodiscard]] Result<void> look_at_consumer(const Held& held, MonotonicTime now);

  nats::Broker& broker_;
  const StoreSpec& spec_;
  const std::string durable_;
  std::uint64_t pending_ = 0;
  std::optional<std::uint64_t> stands_at_;  // delivered so far, when it seemed to stand still
  MonotonicTime taken_;                     // the last delivery, or the opening
  MonotonicTime asked_;                     // likewise, or NATS
};

}  // namespace nats3::jobs
