// LoadRunner: publishes what is archived back into JetStream, in order.
//
// Messages go out in a window of asynchronous publishes; the checkpoint is the last message up to
// which all are acknowledged. Before the first one is published it is on record where the target
// ends, so that whoever goes on after a kill reads back what arrived (load_target.h) and publishes
// just the rest. A chunk that is damaged or missing ends the job, named, unless it was told to skip
// such chunks.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "jobs/job_runner.h"
#include "jobs/load/load_target.h"
#include "jobs/load/load_window.h"
#include "jobs/load/read_ahead.h"
#include "jobs/load/replay_message.h"
#include "jobs/subject_mapping.h"

namespace nats3::jobs {

class LoadRunner final : public JobRunner<LoadRecord> {
 public:
  using JobRunner::JobRunner;

 protected:
  Result<void> prepare() override;
  Result<Next> advance() override;
  Result<Next> drain() override;
  void put_state(LoadRecord& record) override;
  void close_session() override;
  [[nodiscard]] bool idle() const override;

 private:
  bool take_outcomes();
  void take_outcome(const nats::PublishOutcome& outcome);
  Result<bool> ready_to_publish();
  Result<void> publish();
  Result<void> publish_batch();
  Result<void> publish_one(const archive::Message& message);
  Result<void> open_mark();
  void admit();
  void pass_batch_end(const catalog::ReadBatch& batch);
  [[nodiscard]] bool full() const;
  Result<void> checkpoint();
  Result<void> checkpoint_now();
  void add_replayed_within_batch(std::vector<catalog::FinishedChunk>& replayed) const;
  Result<void> delete_replayed();
  Result<void> start_pass();
  Result<void> end_pass();
  [[nodiscard]] bool pass_done() const;
  void publish_progress();

  // Kept from session to session: how far the target has acknowledged.
  bool begun_ = false;
  // The last session ended in an error, and nothing was acknowledged since.
  bool failed_before_ = false;
  LoadWindow window_;
  MemoryBudget::Share window_memory_{environment().load_memory};
  std::unique_ptr<LoadTarget> target_;
  LoadProgress totals_;
  std::vector<catalog::FinishedChunk> replayed_;  // to be deleted once the position is on record

  // The session.
  std::shared_ptr<catalog::Catalog> catalog_;
  std::shared_ptr<ReadAhead> ahead_;  // of the pass; stays until its task has ended
  std::optional<SubjectMapping> mapping_;
  std::optional<ReplayMessage> replay_;
  std::unique_ptr<nats::Sink> sink_;
  ReadAhead::Batch batch_;        // being published
  std::size_t next_message_ = 0;  // in batch_
  std::string subject_;           // memory for where a message goes
  bool mark_recorded_ = false;    // so that messages may be published in this session
  catalog::Position recorded_;
  std::optional<MonotonicTime> checkpoint_at_;
  std::optional<MonotonicTime> next_pass_;
  std::optional<Error> failed_;  // nothing more is published; what is in flight is waited for
};

}  // namespace nats3::jobs
