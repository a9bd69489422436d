#include "nats/deliveries.h"

namespace nats3::nats {

std::shared_ptr<DeliveryLink> Deliveries::current() const {
  const std::lock_guard lock(mutex_);
  return link_ && link_->channel().status() ? link_ : nullptr;
}

Result<std::shared_ptr<DeliveryLink>> Deliveries::link() {
  if (auto link = current()) {
    return link;
  }
  // Others wait for the one that connects, and take its link.
  const std::lock_guard opening(opening_);
  if (auto link = current()) {
    return link;
  }
  return reopen();
}

Result<std::shared_ptr<DeliveryLink>> Deliveries::reopen() {
  const MonotonicTime now = Clock::system().monotonic();
  if (now < next_attempt_) {
    const std::lock_guard lock(mutex_);
    return fail(failure_);
  }
  next_attempt_ = now + backoff_.next();
  auto opened = DeliveryLink::open(options_);
  const std::lock_guard lock(mutex_);
  if (!opened) {
    failure_ = opened.error();
    return opened;
  }
  backoff_.reset();
  next_attempt_ = {};
  link_ = *opened;
  return opened;
}

}  // namespace nats3::nats
