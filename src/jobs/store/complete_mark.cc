#include "jobs/store/complete_mark.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace nats3::jobs {
namespace {

constexpr std::chrono::seconds kRetry{1};
constexpr std::chrono::seconds kLookAgain{10};

}  // namespace

CompleteMark::CompleteMark(Subject subject, nats::Broker& broker, const Lease& lease,
                           Executor& tasks, std::function<void()> on_done)
    : subject_(std::move(subject)),
      broker_(broker),
      lease_(lease),
      tasks_(tasks),
      on_done_(std::move(on_done)) {}

Result<void> CompleteMark::remove(const catalog::Catalog& catalog, const std::string& epoch,
                                  const std::string& filter) {
  const auto there = catalog.complete_up_to(epoch, filter);
  if (!there) {
    return fail(there.error());
  }
  return *there ? catalog.remove_complete(epoch, filter) : Result<void>();
}

Result<void> CompleteMark::begin(std::uint64_t archived) {
  archived_ = archived;
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
  const auto written = write();
  take_note(written);
  return written ? Result<void>() : fail(written.error());
}

// Up to where the consumer has acknowledged everything. It may say more than the stream has held:
// of a server that lost its latest messages, which gives their sequences to others.
Result<std::uint64_t> CompleteMark::ack_floor(std::uint64_t archived) const {
  const auto position = broker_.consumer_position(subject_.stream, subject_.consumer);
  if (!position && position.error().action() != Action::kNotFound) {
    return fail(position.error());
  }
  const std::uint64_t floor = position ? position->ack_floor : 0;
  if (floor <= archived) {
    return floor;
  }
  return broker_.stream_info(subject_.stream).map([&](const nats::StreamInfo& info) {
    return std::min(floor, info.last_sequence);
  });
}

// Up to where the archive is complete. The stream is asked after the consumer: what is passed over
// from then on lies above the floor.
Result<CompleteMark::Reached> CompleteMark::reached() const {
  const auto [marked, archived] = [&] {
    const std::lock_guard lock(mutex_);
    return std::pair{marked_, archived_};
  }();
  const auto floor = ack_floor(archived);
  if (!floor) {
    return fail(floor.error());
  }
  if (!subject_.of_work_queue) {
    return Reached{*floor};
  }
  const std::uint64_t up_to = std::max(*floor, archived);
  if (up_to <= marked) {
    return Reached{marked};
  }
  const auto left = broker_.next_message(subject_.stream, subject_.filter, marked + 1);
  if (!left && left.error().action() != Action::kNotFound) {
    return fail(left.error());
  }
  const std::uint64_t first = left ? left->message().sequence : UINT64_MAX;
  return Reached{.sequence = std::min(up_to, first - 1), .held_back = first <= *floor};
}

std::uint64_t CompleteMark::below_held(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  return held_ ? std::min(sequence, *held_ - 1) : sequence;
}

// Never lowers the mark: a consumer that was made anew has acknowledged nothing yet.
Result<CompleteMark::Reached> CompleteMark::write() {
  auto reached = this->reached();
  if (!reached) {
    return reached;
  }
  reached->sequence = below_held(reached->sequence);
  if (reached->sequence <= marked()) {
    return reached;
  }
  if (!lease_.held()) {
    return fail(ErrorCode::kUnavailable, "this server's lease ended before a write");
  }
  return subject_.catalog->put_complete(subject_.epoch, subject_.filter, reached->sequence)
      .map([&] {
        const std::lock_guard lock(mutex_);
        marked_ = reached->sequence;
        return *reached;
      });
}

void CompleteMark::take_note(const Result<Reached>& written) {
  const std::lock_guard lock(mutex_);
  under_way_ = false;
  held_back_ = written && written->held_back ? held_back_ + 1 : 0;
  look_at_.reset();
  if (marked_ < archived_) {
    look_at_ = tasks_.clock().monotonic() + kLookAgain;
  }
  if (!written || held_back_ > 0) {
    due_ = true;
    retry_at_ = tasks_.clock().monotonic() + kRetry;
  }
}

void CompleteMark::raise(std::uint64_t archived, std::optional<std::uint64_t> held) {
  {
    const std::lock_guard lock(mutex_);
    archived_ = archived;
    held_ = held;
    due_ = true;
  }
  post();
}

void CompleteMark::tick(std::optional<std::uint64_t> held) {
  {
    const std::lock_guard lock(mutex_);
    held_ = held;
    const MonotonicTime now = tasks_.clock().monotonic();
    if (look_at_ && now >= *look_at_) {
      look_at_.reset();
      due_ = true;
    }
    if (retry_at_ && now < *retry_at_) {
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
  take_note(written);
  post();  // what was acknowledged meanwhile
  on_done_();
}

std::uint64_t CompleteMark::marked() const {
  const std::lock_guard lock(mutex_);
  return marked_;
}

bool CompleteMark::held_back() const {
  const std::lock_guard lock(mutex_);
  return held_back_ > 0;
}

// What goes in this moment is gone when it is tried again.
bool CompleteMark::settled() const {
  const std::lock_guard lock(mutex_);
  return (!due_ || held_back_ > 1) && !under_way_;
}

bool CompleteMark::idle() const {
  const std::lock_guard lock(mutex_);
  return !under_way_;
}

}  // namespace nats3::jobs
