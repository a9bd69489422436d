// LoadRunner: publishes what is archived back into JetStream, in order.
//
// Messages go out in a window of asynchronous publishes; the checkpoint is the last message up to
// which all are acknowledged. After trouble the job goes on from there: what the target has already
// is dropped by its message id. A chunk that is damaged or missing ends the job, named, unless
// it was told to skip such chunks.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/replay_reader.h"
#include "jobs/job_runner.h"
#include "jobs/replay_message.h"
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
  // A message that was published, or the end of a batch, to be passed in its turn.
  struct InFlight {
    enum class Kind { kMessage, kBatchEnd } kind = Kind::kMessage;
    std::shared_ptr<const catalog::ReadBatch> batch;
    std::uint64_t sequence = 0;
    std::size_t content_bytes = 0;
    std::size_t payload_bytes = 0;
    bool answered = false;
    bool acknowledged = false;
  };

  Result<void> open_archive();
  void read_ahead();
  void take_outcomes();
  void take_outcome(const nats::PublishOutcome& outcome);
  Result<void> publish();
  std::shared_ptr<const catalog::ReadBatch> take_batch();
  Result<void> publish_one(const archive::Message& message);
  void admit_acknowledged();
  void pass_batch_end(const catalog::ReadBatch& batch);
  void raise_position();
  [[nodiscard]] bool is_replayed(const catalog::FinishedChunk& finished) const;
  [[nodiscard]] std::size_t window() const;
  Result<void> checkpoint();
  Result<void> delete_replayed();
  Result<void> start_pass();
  [[nodiscard]] bool all_answered() const;
  [[nodiscard]] bool pass_done() const;
  void publish_progress();

  // Kept from session to session: how far the target has acknowledged.
  bool begun_ = false;
  bool failed_before_ =
      false;  // the last session ended in an error, and nothing was acknowledged since
  // Acknowledged although a message before them wasn't: not to be sent again, however late.
  std::set<std::pair<std::string, std::uint64_t>> ahead_;
  catalog::Position position_;
  LoadProgress totals_;
  std::vector<catalog::FinishedChunk> replayed_;  // to be deleted once position_ is on record

  // The session.
  std::shared_ptr<catalog::Catalog> catalog_;
  std::shared_ptr<catalog::ReplayReader> reader_;
  std::optional<SubjectMapping> mapping_;
  std::optional<ReplayMessage> replay_;
  std::unique_ptr<nats::Sink> sink_;
  std::shared_ptr<const catalog::ReadBatch> batch_;  // being published
  std::size_t next_message_ = 0;                     // in batch_
  std::deque<InFlight> in_flight_;
  std::shared_ptr<const catalog::ReadBatch>
      acked_batch_;                   // of the last message to be acknowledged,
  std::uint64_t acked_sequence_ = 0;  // when its batch isn't passed yet
  std::uint64_t first_token_ = 0;     // of in_flight_.front()
  std::size_t in_flight_bytes_ = 0;
  std::size_t in_flight_messages_ = 0;
  catalog::Position recorded_;
  std::optional<MonotonicTime> checkpoint_at_;
  std::optional<MonotonicTime> next_pass_;
  std::optional<Error> failed_;  // nothing more is published; what is in flight is waited for

  // Shared with the reading task.
  mutable std::mutex read_mutex_;
  std::deque<std::shared_ptr<const catalog::ReadBatch>> read_;
  std::size_t read_bytes_ = 0;
  std::optional<Error> read_error_;
  bool read_under_way_ = false;
  bool read_to_end_ = false;
};

}  // namespace nats3::jobs
