#include "jobs/store/chunk_cutter.h"

#include <algorithm>
#include <utility>

namespace nats3::jobs {

ChunkCutter::ChunkCutter(const BatchPolicy& policy, PendingChunkFactory make_chunk, Start start)
    : policy_(policy),
      make_chunk_(std::move(make_chunk)),
      in_order_(start.in_order),
      sealed_(start.after),
      most_count_(std::min(policy.max_count, start.first_count)),
      to_make_again_(std::move(start.to_make_again)) {}

void ChunkCutter::add(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index,
                      MonotonicTime now) {
  const std::uint64_t sequence = batch->deliveries()[index].message.sequence;
  while (!to_make_again_.empty() && sequence > to_make_again_.front().last) {
    seal();  // its last messages have left the stream since
    to_make_again_.pop_front();
  }
  if (!gathered_) {
    since_ = now;
    gathered_ = make_chunk_(previous());
  }
  gathered_->add(batch, index);
  if (complete(sequence)) {
    seal();
    if (!to_make_again_.empty()) {
      to_make_again_.pop_front();
    }
  }
}

bool ChunkCutter::complete(std::uint64_t sequence) const {
  if (!to_make_again_.empty()) {
    return sequence == to_make_again_.front().last;
  }
  return gathered_->count() >= most_count_ || gathered_->bytes() >= policy_.max_bytes;
}

void ChunkCutter::cut() {
  to_make_again_.clear();
  seal();
}

// A chunk that is made again names the same predecessor, to have the same bytes; but none that
// wasn't archived, because its messages have left the stream since.
std::uint64_t ChunkCutter::previous() const {
  if (!in_order_) {
    return 0;
  }
  return to_make_again_.empty() ? sealed_ : std::min(sealed_, to_make_again_.front().previous);
}

void ChunkCutter::seal() {
  if (!gathered_) {
    return;
  }
  const ChunkRange range = gathered_->seal();
  since_.reset();
  sealed_ = range.last;
  most_count_ = policy_.max_count;
  cut_.push_back({std::move(gathered_), range});
}

std::vector<ChunkCutter::Chunk> ChunkCutter::take() { return std::exchange(cut_, {}); }

}  // namespace nats3::jobs
