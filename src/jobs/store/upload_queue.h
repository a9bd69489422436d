// UploadQueue: the sealed chunks of one session on their way into the bucket, oldest first.
//
// Chunks are encoded, and put one after the other, each tried again until it is stored: so the
// archive grows in order, and no reader meets a chunk whose predecessor is still to come. While one
// is put the next ones are encoded; what a chunk held for that is freed once it is.
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
#include "jobs/membership.h"
#include "jobs/store/index_writer.h"
#include "jobs/store/pending_chunk.h"

namespace nats3::jobs {

// Where the chunks of a session go.
struct UploadTarget {
  StoreSpec spec;
  std::shared_ptr<const catalog::Catalog> catalog;
  std::string epoch;
  const Lease& lease;  // nothing is put without it
  // Whether another chunk may have the same key: messages that are delivered again are cut into
  // chunks anew, and a range doesn't tell every message in it.
  bool keys_may_repeat = false;
  std::shared_ptr<IndexWriter> index;  // has to know of each chunk before it is put
};

struct Upload {
  enum class State {
    kSealed,    // to be put on record first
    kOnRecord,  // to be uploaded, perhaps again
    kUnderWay,  // a task works on it
    kStored,
  };
  PendingChunkPtr content;
  ChunkRange range;
  std::string key;
  archive::Chunk chunk;  // a task makes it
  bool encoded = false;  // it is made, and the messages are freed
  bool refused = false;  // they can't be: those before it go first, then that is told
  bool tried = false;    // to put it: it may be in the bucket by that
  bool counted = false;  // by an earlier session, which put it
  State state = State::kSealed;
  Backoff backoff;
  std::optional<MonotonicTime> not_before;  // of the next attempt, after one that failed
};

class UploadQueue final : public std::enable_shared_from_this<UploadQueue> {
 public:
  // `encoders` for work that doesn't block, `tasks` for that which may.
  UploadQueue(UploadTarget target, Executor& encoders, Executor& tasks,
              std::function<void()> on_outcome);

  // Takes a sealed chunk. Its upload doesn't begin before mark_on_record(). `counted`: one of its
  // range was put before; whether it is this one, and still there, is seen then.
  void add(PendingChunkPtr content, const ChunkRange& range, bool counted);
  [[nodiscard]] const std::deque<std::shared_ptr<Upload>>& uploads() const { return uploads_; }
  // Bytes of messages, and of objects that were made of them, which are in memory for the chunks.
  [[nodiscard]] std::uint64_t held_bytes() const;
  // Those of messages that tasks of the chunks still compress.
  [[nodiscard]] std::uint64_t uncompressed_bytes() const;

  [[nodiscard]] bool any_to_record() const;
  void mark_on_record();

  // Begins the attempts that are due.
  void start();
  // Takes in what attempts have come to. Returns how many failed and will be tried again.
  // Errors: an attempt's, when trying again doesn't help; kUnavailable when other messages have a
  // chunk's key, and those for it have to be received again.
  [[nodiscard]] Result<int> collect();
  // What the last failed attempt said, while a chunk waits for the next one.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
  // When the next attempt is due, if one waits.
  [[nodiscard]] std::optional<MonotonicTime> next_attempt() const;
  // How many messages had the chunk whose key others have; 0: none.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  // The oldest chunk, if it is in the bucket, which leaves the queue; else null.
  std::shared_ptr<Upload> take_stored();

  // Drops everything; attempts under way end by themselves and are of no consequence here.
  void abandon();
  // Whether no attempt is under way. Any thread.
  [[nodiscard]] bool idle() const;

 private:
  enum class Done {
    kEncoded,
    kStored,
    kWasThere,
    kTaken,  // its key, by other messages
  };
  struct Outcome {
    std::shared_ptr<Upload> upload;
    Result<Done> done;
  };
  using Work = Result<Done> (UploadQueue::*)(Upload&) const;

  void begin(const std::shared_ptr<Upload>& upload, Executor& executor, Work work);
  [[nodiscard]] Result<Done> encode(Upload& upload) const;
  [[nodiscard]] Result<Done> store(Upload& upload) const;
  [[nodiscard]] Result<std::optional<Done>> find(const Upload& upload) const;
  [[nodiscard]] Result<bool> same_messages(const Upload& upload, const archive::ChunkIndex& there,
                                           const archive::ChunkIndex& ours) const;

  const UploadTarget target_;
  Executor& encoders_;
  Executor& tasks_;
  const std::function<void()> on_outcome_;
  std::deque<std::shared_ptr<Upload>> uploads_;
  std::optional<Error> trouble_;
  std::uint64_t taken_ = 0;

  mutable std::mutex mutex_;
  std::vector<Outcome> outcomes_;
  int under_way_ = 0;
};

}  // namespace nats3::jobs
