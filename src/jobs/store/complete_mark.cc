#include "jobs/store/complete_mark.h"

#include <spdlog/spdlog.h>

namespace nats3::jobs {
namespace {

constexpr std::chrono::seconds kRetry{1};

}  // namespace

CompleteMark::CompleteMark(Subject subject, nats::Broker& broker, const Lease& lease,
                           Executor& tasks, std::function<void()> on_done)
    : subject_(std::move(subject)),
      broker_(broker),
      lease_(lease),
      tasks_(tasks),
      on_done_(std::move(on_done)) {}

Result<void> CompleteMark::begin() {
  const auto there = subject_.catalog->complete_up_to(subject_.epoch, subject_.filter);
  if (!there) {
    return fail(there.error());
  }
  marked_ = there->value_or(0);
  if (!*there) {
    if (auto put = subject_.catalog->put_complete(subject_.epoch, subject_.filter, 0); !put) {
      return put;
    }
  }
  return write();
}

// Never lowers the mark: a consumer that was made anew has acknowledged nothing yet.
Result<void> CompleteMark::write() {
  const auto position = broker_.consumer_position(subject_.stream, subject_.consumer);
  if (!position) {
    return position.error().action() == Action::kNotFound ? Result<void>() : fail(position.error());
  }
  {
    const std::lock_guard lock(mutex_);
    if (position->ack_floor <= marked_) {
      return {};
    }
  }
  if (!lease_.held()) {
    return fail(ErrorCode::kUnavailable, "this server's lease ended before a write");
  }
  return subject_.catalog->put_complete(subject_.epoch, subject_.filter, position->ack_floor)
      .map([&] {
        const std::lock_guard lock(mutex_);
        marked_ = position->ack_floor;
      });
}

void CompleteMark::raise() {
  {
    const std::lock_guard lock(mutex_);
    due_ = true;
  }
  post();
}

void CompleteMark::tick() {
  {
    const std::lock_guard lock(mutex_);
    if (!retry_at_ || tasks_.clock().monotonic() < *retry_at_) {
      return;
    }
    retry_at_.reset();
  }
  post();
}

void CompleteMark::post() {
  {
    const std::lock_guard lock(mutex_);
    if (under_way_ || retry_at_ || !due_) {
      return;
    }
    under_way_ = true;
  }
  tasks_.post([self = shared_from_this()] { self->run(); });
}

void CompleteMark::run() {
  {
    const std::lock_guard lock(mutex_);
    due_ = false;
  }
  const auto written = write();
  if (!written) {
    spdlog::debug("marking how far '{}' is archived: {}", subject_.filter, written.error().message);
  }
  {
    const std::lock_guard lock(mutex_);
    under_way_ = false;
    if (!written) {
      due_ = true;
      retry_at_ = tasks_.clock().monotonic() + kRetry;
    }
  }
  post();  // what was acknowledged meanwhile
  on_done_();
}

std::uint64_t CompleteMark::marked() const {
  const std::lock_guard lock(mutex_);
  return marked_;
}

bool CompleteMark::settled() const {
  const std::lock_guard lock(mutex_);
  return !due_ && !under_way_;
}

bool CompleteMark::idle() const {
  const std::lock_guard lock(mutex_);
  return !under_way_;
}

}  // namespace nats3::jobs
