// UploadQueue: the sealed chunks of one session on their way into the bucket, oldest first.
//
// Chunks are encoded and put by tasks, several at a time, and tried again until they are stored;
// they leave the queue in the order they came, so that what follows an upload keeps its order.
//
// Threads: everything but idle() within the steps of one job. A task holds the queue by shared_ptr
// and hands its outcome to the next collect(); `on_outcome` is called on the task's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/executor.h"
#include "catalog/catalog.h"
#include "jobs/pending_chunk.h"

namespace nats3::jobs {

// Where the chunks of a session go.
struct UploadTarget {
  StoreSpec spec;
  std::shared_ptr<const catalog::Catalog> catalog;
  std::string epoch;
};

struct Upload {
  enum class State {
    kSealed,    // to be put on record first
    kOnRecord,  // to be uploaded, perhaps again
    kUnderWay,
    kStored,
  };
  PendingChunk content;
  ChunkRange range;
  std::string key;
  std::string bytes;  // made by the first attempt
  State state = State::kSealed;
  Backoff backoff;
  std::optional<MonotonicTime> not_before;  // of the next attempt, after one that failed
};

class UploadQueue final : public std::enable_shared_from_this<UploadQueue> {
 public:
  UploadQueue(UploadTarget target, Executor& tasks, std::function<void()> on_outcome);

  // Takes a sealed chunk. Its upload doesn't begin before mark_on_record().
  void add(PendingChunk content, const ChunkRange& range);
  [[nodiscard]] const std::deque<std::shared_ptr<Upload>>& uploads() const { return uploads_; }

  [[nodiscard]] bool any_to_record() const;
  void mark_on_record();

  // Begins the attempts that are due.
  void start();
  // Takes in what attempts have come to. Returns how many failed and will be tried again.
  // Errors: an attempt's, when trying again doesn't help.
  [[nodiscard]] Result<int> collect();
  // What the last failed attempt said, while a chunk waits for the next one.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
  // When the next attempt is due, if one waits.
  [[nodiscard]] std::optional<MonotonicTime> next_attempt() const;
  // The oldest chunk, if it is in the bucket, which leaves the queue; else null.
  std::shared_ptr<Upload> take_stored();

  // Drops everything; attempts under way end by themselves and are of no consequence here.
  void abandon();
  // Whether no attempt is under way. Any thread.
  [[nodiscard]] bool idle() const;

 private:
  struct Outcome {
    std::shared_ptr<Upload> upload;
    Result<void> result;
  };

  void attempt(const std::shared_ptr<Upload>& upload);
  [[nodiscard]] Result<void> store(Upload& upload) const;

  const UploadTarget target_;
  Executor& tasks_;
  const std::function<void()> on_outcome_;
  std::deque<std::shared_ptr<Upload>> uploads_;
  std::optional<Error> trouble_;

  mutable std::mutex mutex_;
  std::vector<Outcome> outcomes_;
  int under_way_ = 0;
};

}  // namespace nats3::jobs
