// ReadAhead: the batches of one pass over an archive, read by tasks before they are wanted, so that
// a load publishes while it downloads.
//
// Reads are one after the other; the next one begins while what was read and not yet taken is below
// 16 MiB, and there is room in the memory that all loads share. So memory is bounded by that and
// one batch.
//
// Threads: everything but idle() within the steps of one job. A task holds this by shared_ptr;
// `on_read` is called on the task's thread after each read.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/executor.h"
#include "base/memory_budget.h"
#include "catalog/archive_reader.h"

namespace nats3::jobs {

class ReadAhead final : public std::enable_shared_from_this<ReadAhead> {
 public:
  static constexpr std::size_t kBytes = 16 << 20;

  using Batch = std::shared_ptr<const catalog::ReadBatch>;
  // Gives the next batch, nullopt after the last. Runs on tasks, and may block.
  using Read = std::function<Result<std::optional<catalog::ReadBatch>>()>;

  // `memory` outlives the last task.
  ReadAhead(Read read, Executor& tasks, MemoryBudget& memory, std::function<void()> on_read);

  // Begins a read, unless one is under way, there is no room, or there is nothing more to read.
  void start();
  // The next batch, whose room is read into. Null: none is there yet, the end, or an error().
  [[nodiscard]] Batch take();
  // Of the read that failed, once all before it is taken; nothing is read after it.
  [[nodiscard]] std::optional<Error> error() const;
  // Whether all was read and taken.
  [[nodiscard]] bool done() const;

  // Drops everything, the reader too. A read under way ends by itself and is of no consequence
  // here.
  void abandon();
  // Whether no read is under way. Any thread.
  [[nodiscard]] bool idle() const;

 private:
  void read_one();
  // With the lock of mutex_.
  [[nodiscard]] bool has_room() const;

  Read read_;  // of a read under way, or with the lock of mutex_
  Executor& tasks_;
  const std::function<void()> on_read_;

  mutable std::mutex mutex_;  // for what follows
  std::deque<Batch> batches_;
  MemoryBudget::Share memory_;  // what they hold
  std::optional<Error> error_;
  bool under_way_ = false;
  bool at_end_ = false;
  bool abandoned_ = false;
};

}  // namespace nats3::jobs
