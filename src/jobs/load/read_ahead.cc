#include "jobs/load/read_ahead.h"

#include <utility>

namespace nats3::jobs {

ReadAhead::ReadAhead(Read read, Executor& tasks, MemoryBudget& memory,
                     std::function<void()> on_read)
    : read_(std::move(read)), tasks_(tasks), on_read_(std::move(on_read)), memory_(memory) {}

// One batch is read in any case, so that no load stands still for what others hold.
bool ReadAhead::has_room() const {
  return batches_.empty() || (memory_.held() < kBytes && memory_.has_room());
}

void ReadAhead::start() {
  {
    const std::lock_guard lock(mutex_);
    if (under_way_ || at_end_ || error_ || abandoned_ || !has_room()) {
      return;
    }
    under_way_ = true;
  }
  tasks_.post([self = shared_from_this()] { self->read_one(); });
}

void ReadAhead::read_one() {
  auto batch = read_();
  Read unwanted;  // freed without the lock
  {
    const std::lock_guard lock(mutex_);
    under_way_ = false;
    if (abandoned_) {
      unwanted = std::move(read_);
    } else if (!batch) {
      error_ = batch.error();
    } else if (!*batch) {
      at_end_ = true;
    } else {
      memory_.hold(memory_.held() + (*batch)->bytes);
      batches_.push_back(std::make_shared<const catalog::ReadBatch>(std::move(**batch)));
    }
  }
  on_read_();
}

ReadAhead::Batch ReadAhead::take() {
  Batch batch;
  {
    const std::lock_guard lock(mutex_);
    if (batches_.empty()) {
      return nullptr;
    }
    batch = std::move(batches_.front());
    batches_.pop_front();
    memory_.hold(memory_.held() - batch->bytes);
  }
  start();
  return batch;
}

std::optional<Error> ReadAhead::error() const {
  const std::lock_guard lock(mutex_);
  return batches_.empty() ? error_ : std::nullopt;
}

bool ReadAhead::done() const {
  const std::lock_guard lock(mutex_);
  return at_end_ && batches_.empty();
}

void ReadAhead::abandon() {
  Read unwanted;  // freed without the lock
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  if (!under_way_) {
    unwanted = std::move(read_);
  }
  batches_.clear();
  memory_.hold(0);
  error_.reset();
}

bool ReadAhead::idle() const {
  const std::lock_guard lock(mutex_);
  return !under_way_;
}

}  // namespace nats3::jobs
