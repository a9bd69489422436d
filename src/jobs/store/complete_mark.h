// CompleteMark: keeps the mark in the bucket that says up to where an archive is complete, for jobs
// that read with acknowledgements.
//
// What another reader of the consumer took and never acknowledged, a server that was cut off, comes
// again later, when higher sequences are in the bucket already. A load that follows the archive
// would be past it. So it reads only up to the mark, which is the consumer's ack floor: whatever it
// selects up to there was acknowledged, and so is in the bucket.
//
// Threads: all but idle() within the steps of one job; the writing is done by tasks.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/executor.h"
#include "catalog/catalog.h"
#include "jobs/membership.h"
#include "nats/broker.h"

namespace nats3::jobs {

class CompleteMark final : public std::enable_shared_from_this<CompleteMark> {
 public:
  struct Subject {
    std::shared_ptr<const catalog::Catalog> catalog;
    std::string epoch;
    std::string filter;
    std::string stream;
    std::string consumer;
  };
  // `on_done` is called on a task's thread when a write has come to something.
  CompleteMark(Subject subject, nats::Broker& broker, const Lease& lease, Executor& tasks,
               std::function<void()> on_done);

  // Sees to it that there is a mark before the first chunk. Blocks on NATS and the store.
  [[nodiscard]] Result<void> begin();
  // Something was acknowledged.
  void raise();
  // Tries again what failed. Call every now and then.
  void tick();
  // Up to where the archive was complete when that was last written down.
  [[nodiscard]] std::uint64_t marked() const;
  // Whether all that was acknowledged is marked.
  [[nodiscard]] bool settled() const;
  // Whether no task is under way. Any thread.
  [[nodiscard]] bool idle() const;

 private:
  void post();
  void run();
  [[nodiscard]] Result<void> write();

  const Subject subject_;
  nats::Broker& broker_;
  const Lease& lease_;
  Executor& tasks_;
  const std::function<void()> on_done_;

  mutable std::mutex mutex_;
  std::uint64_t marked_ = 0;
  bool due_ = false;        // something was acknowledged since the last write began
  bool under_way_ = false;  // a task is
  std::optional<MonotonicTime> retry_at_;
};

}  // namespace nats3::jobs
