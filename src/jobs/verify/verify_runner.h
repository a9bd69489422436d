// VerifyRunner: a scrub of one stream's archive, object by object, no faster than it was told.
//
// Each object is read and checked by a task; between two the job waits as long as the rate limit
// wants. What can't be read is archived again where that is possible (see chunk_repair.h). Where it
// stands is on record every second, together with what was found so far. It ends in Success when
// nothing is damaged, or all of that was repaired; else in Failure, and a resume begins a new
// round.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "base/rate_limit.h"
#include "catalog/verifier.h"
#include "jobs/job_runner.h"
#include "jobs/verify/chunk_repair.h"

namespace nats3::jobs {

class VerifyRunner final : public JobRunner<VerifyRecord> {
 public:
  using JobRunner::JobRunner;

 protected:
  Result<void> prepare() override;
  Result<Next> advance() override;
  Result<Next> drain() override;
  void put_state(VerifyRecord& record) override;
  void close_session() override;
  [[nodiscard]] bool idle() const override;

 private:
  void look();
  Result<bool> take_step();
  void add_repaired();
  Result<bool> repair();
  Result<void> begin_repair(std::size_t at);
  void admit();
  void keep(const catalog::Finding& finding);
  Result<void> checkpoint();
  Result<Next> finish();

  // Kept from session to session.
  std::optional<RateLimit> limit_;
  catalog::VerifyPosition position_;  // what totals_ tells of
  VerifyProgress totals_;
  std::optional<MonotonicTime> checkpoint_at_;
  // Read, and perhaps being repaired: what was found is told even if it is whole when trouble is
  // over.
  std::optional<catalog::VerifyStep> step_;
  std::size_t next_repair_ = 0;  // in step_->seen
  bool repairs_recorded_ = false;
  std::vector<catalog::Finding> repairing_;  // of the server before: told when their object is met

  // The session.
  std::shared_ptr<catalog::Catalog> catalog_;
  std::shared_ptr<catalog::Verifier> verifier_;
  std::shared_ptr<ChunkRepair> repair_;
  std::shared_ptr<ChunkRepair> abandoned_;  // whose task may still be under way

  // Shared with the reading task.
  mutable std::mutex read_mutex_;
  bool read_under_way_ = false;
  std::optional<Result<std::optional<catalog::VerifyStep>>> read_;
};

}  // namespace nats3::jobs
