// StoreRunner: moves a stream's messages into the bucket, as chunks.
//
// Never reports a message as archived that isn't in the bucket:
// - Limits streams: the bucket is the checkpoint. Messages are read without acknowledgements from
//   the one after the last archived, and the range of each chunk is on record before its upload, so
//   that after a crash the same chunk is made again, under the same key.
// - Interest and work-queue streams, and jobs that were given a consumer: a durable with explicit
//   acknowledgements, sent in order and only for what is in the bucket.
// Chunks are uploaded in order, and what follows (acknowledgements, the archived sequence) too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "jobs/end_of_stream.h"
#include "jobs/job_runner.h"
#include "jobs/store/chunk_cutter.h"
#include "jobs/store/complete_mark.h"
#include "jobs/store/delivery_watch.h"
#include "jobs/store/held_chunks.h"
#include "jobs/store/index_writer.h"
#include "jobs/store/store_intake.h"
#include "jobs/store/store_recovery.h"
#include "jobs/store/unseen_watch.h"
#include "jobs/store/upload_queue.h"

namespace nats3::jobs {

class StoreRunner final : public JobRunner<StoreRecord> {
 public:
  using JobRunner::JobRunner;

 protected:
  Result<void> prepare() override;
  Result<Next> advance() override;
  Result<Next> drain() override;
  void put_state(StoreRecord& record) override;
  void close_session() override;
  [[nodiscard]] bool idle() const override;
  // A consumer that stood still has to deliver first.
  [[nodiscard]] bool healthy() const override { return !stood_still_; }

 private:
  Result<void> mark_complete(bool of_work_queue);
  void begin_at(StoreStart start);
  [[nodiscard]] PendingChunkFactory chunk_factory();
  Result<void> receive();
  void queue_cut();
  Result<void> put_on_record();
  Result<void> record_state();
  Result<void> look_for_unseen();
  Result<void> look_at_consumer();
  Result<void> collect_outcomes();
  Result<void> admit_stored();
  [[nodiscard]] std::uint64_t first_to_come() const;
  Result<void> extend_held();
  [[nodiscard]] StoreProgress progress() const;
  [[nodiscard]] std::optional<MonotonicTime> flush_at() const;
  [[nodiscard]] Next next_wake() const;
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] HeldChunks held() const;

  EndOfStream end_of_stream_;

  // The session: opened by prepare().
  bool explicit_ack_ = false;
  std::string epoch_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::string consumer_;                    // the durable, with acknowledgements
  std::shared_ptr<UploadQueue> uploads_;    // stays until its tasks have ended
  std::shared_ptr<CompleteMark> complete_;  // likewise; with acknowledgements only
  std::shared_ptr<IndexWriter> index_;      // likewise
  std::optional<DeliveryWatch> watch_;
  bool stood_still_ = false;  // the consumer; over sessions, until it delivers
  std::uint64_t archived_ = 0;
  std::uint64_t first_of_tail_ = 0;
  std::optional<UnseenWatch> unseen_;
  std::optional<ChunkCutter> cutter_;
  std::optional<StoreIntake> intake_;
  std::vector<ChunkRange> found_;         // on record and in the bucket when the session began
  std::optional<MonotonicTime> look_at_;  // for messages, when the last look found few
  MemoryBudget::Share memory_{environment().store_memory};
  bool upload_trouble_ = false;
  std::optional<MonotonicTime> extend_at_;
  StoreProgress totals_;
};

}  // namespace nats3::jobs
