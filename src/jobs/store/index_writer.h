// IndexWriter: keeps the index of the chunks that a store job writes (archive/segment_index.h).
//
// When a thousand chunks lie beyond the index, they are listed and added to it, up to where no more
// chunks can come between them. Should a chunk come there all the same (messages that are delivered
// again, say), the index is cut before that chunk is put: so the index in the bucket never covers
// a place where a chunk comes after it, which is what readers rely on. An index that is missing or
// damaged is made again from the listing, a few pages at a time; so is one that somebody else has
// removed or written, who may have put chunks as well. What fails is tried again later; nothing but
// the speed of readers depends on it.
//
// Nothing is added until `kSettle` after a session began. Until then puts of a server that lost the
// job, and doesn't know it yet, may come to something.
//
// Threads: begin(), count_chunk() and extend() within the steps of one job; before_put() by a task
// that uploads; idle() by any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "archive/segment_index.h"
#include "base/executor.h"
#include "catalog/catalog.h"
#include "jobs/membership.h"

namespace nats3::jobs {

class IndexWriter final : public std::enable_shared_from_this<IndexWriter> {
 public:
  // Of a listing by one task.
  static constexpr int kPagesPerTask = 5;
  // Added ones after which an index that is being made again is put, although more follow.
  static constexpr std::size_t kSegmentsPerPut = 100;
  // More than twice as long as a request to the object store may take.
  static constexpr std::chrono::minutes kSettle{5};

  struct Subject {
    std::shared_ptr<const catalog::Catalog> catalog;
    std::string epoch;
    std::string filter;
  };
  // `on_done` is called on a task's thread when there may be more to do.
  IndexWriter(Subject subject, const Lease& lease, Executor& tasks, std::function<void()> on_done);

  // Reads the index. Before anything else, once. Blocks on the store. Errors: those of ObjectStore.
  [[nodiscard]] Result<void> begin();

  // A chunk that begins at `first` is about to be put. Waits for the store only when the index has
  // to be cut. Errors: those of ObjectStore, and kUnavailable without the lease: don't put the
  // chunk.
  [[nodiscard]] Result<void> before_put(std::uint64_t first);

  // Another chunk is in the bucket.
  void count_chunk();
  // Has a task add to the index, when there is enough and none is under way. Of the chunks that
  // begin below `limit`, all are in the bucket that were given to before_put() so far.
  void extend(std::uint64_t limit);
  [[nodiscard]] bool idle() const;

 private:
  struct Found {
    std::uint64_t from = 0;
    std::uint64_t begin = 0;  // of the first chunk
    std::vector<archive::Segment> segments;
    std::uint64_t rest = 0;  // chunks after them
    bool more = false;       // the listing goes on
  };
  void run(std::uint64_t limit);
  // One look at what the bucket has.
  [[nodiscard]] Result<Found> look(std::uint64_t limit);
  [[nodiscard]] Result<void> check_bucket();
  [[nodiscard]] Result<Found> find(std::uint64_t from, std::uint64_t limit) const;
  [[nodiscard]] Result<void> add(const Found& found);
  [[nodiscard]] Result<void> put(const archive::SegmentIndex& index);

  const Subject subject_;
  const Lease& lease_;
  Executor& tasks_;
  const std::function<void()> on_done_;

  std::mutex index_mutex_;  // held while the index is put; taken before mutex_
  // At least what the bucket has: a put whose answer was lost may have come to something.
  archive::SegmentIndex index_;
  archive::SegmentIndex in_bucket_;  // as far as known
  std::size_t not_put_ = 0;          // segments added since the last put

  mutable std::mutex mutex_;
  std::uint64_t end_ = 0;         // of the index in the bucket, at most
  std::uint64_t lowest_put_ = 0;  // first sequence of a chunk put since the task was posted
  std::uint64_t beyond_ = 0;      // chunks after the index, as far as known
  bool under_way_ = false;
  std::optional<MonotonicTime> retry_at_;
};

}  // namespace nats3::jobs
