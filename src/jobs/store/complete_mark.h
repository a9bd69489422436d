// CompleteMark: keeps the mark in the bucket that says up to where an archive is complete, for jobs
// that read with acknowledgements.
//
// What another reader of the consumer took and never acknowledged, a server that was cut off, comes
// again later, when higher sequences are in the bucket already. A load that follows the archive
// would be past it. So it reads only up to the mark, which is the consumer's ack floor: whatever it
// selects up to there was acknowledged, and so is in the bucket. Of a work queue the stream tells
// better: what it has no more was acknowledged. A consumer's floor is above what it passed over
// (nats/passed_over.h), and one that was made anew for that begins below what is archived.
// Both are past a message that left the stream by itself. If the job holds it, it is archived yet:
// so the mark stays below all that is held.
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
    bool of_work_queue = false;  // whose stream removes what is acknowledged
  };
  // `on_done` is called on a task's thread when a write has come to something.
  CompleteMark(Subject subject, nats::Broker& broker, const Lease& lease, Executor& tasks,
               std::function<void()> on_done);

  // Of an archive without acknowledgements, whose chunks come in order: a mark of another time
  // would say otherwise. Blocks on the store.
  [[nodiscard]] static Result<void> remove(const catalog::Catalog& catalog,
                                           const std::string& epoch, const std::string& filter);
  // Sees to it that there is a mark before the first chunk. Blocks on NATS and the store.
  // `archived`: the last sequence that is.
  [[nodiscard]] Result<void> begin(std::uint64_t archived);
  // Something was acknowledged. `archived`: as above. `held`: the first sequence that the job has
  // and that isn't, if there is any.
  void raise(std::uint64_t archived, std::optional<std::uint64_t> held);
  // Tries again what failed, or was held back; and looks again while the mark is behind, as what
  // others hold may go without anything being acknowledged here. Call every now and then, and after
  // new messages.
  void tick(std::optional<std::uint64_t> held);
  // Up to where the archive was complete when that was last written down.
  [[nodiscard]] std::uint64_t marked() const;
  // Whether a message is left in the work queue that counts as acknowledged: it goes in this
  // moment, or was passed over.
  [[nodiscard]] bool held_back() const;
  // Whether all that was acknowledged is marked, as far as it isn't held back for good.
  [[nodiscard]] bool settled() const;
  // Whether no task is under way. Any thread.
  [[nodiscard]] bool idle() const;

 private:
  void post();
  void run();
  struct Reached {
    std::uint64_t sequence = 0;
    bool held_back = false;
  };
  [[nodiscard]] Result<std::uint64_t> ack_floor(std::uint64_t archived) const;
  [[nodiscard]] Result<Reached> reached() const;
  [[nodiscard]] std::uint64_t below_held(std::uint64_t sequence) const;
  [[nodiscard]] Result<Reached> write();
  void take_note(const Result<Reached>& written);

  const Subject subject_;
  nats::Broker& broker_;
  const Lease& lease_;
  Executor& tasks_;
  const std::function<void()> on_done_;

  mutable std::mutex mutex_;
  std::uint64_t archived_ = 0;
  std::uint64_t marked_ = 0;
  std::optional<std::uint64_t> held_;
  bool due_ = false;        // something was acknowledged since the last write began
  bool under_way_ = false;  // a task is
  int held_back_ = 0;       // writes in a row that were
  std::optional<MonotonicTime> retry_at_;
  std::optional<MonotonicTime> look_at_;
};

}  // namespace nats3::jobs
