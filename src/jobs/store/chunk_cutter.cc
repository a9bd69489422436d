#include "jobs/store/chunk_cutter.h"

#include <algorithm>
#include <utility>

namespace nats3::jobs {

ChunkCutter::ChunkCutter(const BatchPolicy& policy, Start start)
    : policy_(policy),
      in_order_(start.in_order),
      sealed_(start.after),
      to_make_again_(std::move(start.to_make_again)) {}

void ChunkCutter::add(const std::shared_ptr<const nats::DeliveryBatch>& batch, std::size_t index,
                      MonotonicTime now) {
  const std::uint64_t sequence = batch->deliveries()[index].message.sequence;
  while (!to_make_again_.empty() && sequence > to_make_again_.front().last) {
    seal();  // its last messages have left the stream since
    to_make_again_.pop_front();
  }
  if (gathered_.empty()) {
    since_ = now;
  }
  gathered_.add(batch, index);
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
  return gathered_.count() >= policy_.max_count || gathered_.bytes() >= policy_.max_bytes;
}

void ChunkCutter::cut() {
  to_make_again_.clear();
  seal();
}

void ChunkCutter::seal() {
  if (gathered_.empty()) {
    return;
  }
  // A chunk that is made again names the same predecessor, to have the same bytes; but none that
  // wasn't archived, because its messages have left the stream since.
  const std::uint64_t previous =
      to_make_again_.empty() ? sealed_ : std::min(sealed_, to_make_again_.front().previous);
  PendingChunk content = std::exchange(gathered_, {});
  since_.reset();
  const ChunkRange range = content.seal(in_order_ ? previous : 0);
  sealed_ = range.last;
  cut_.push_back({std::move(content), range});
}

std::vector<ChunkCutter::Chunk> ChunkCutter::take() { return std::exchange(cut_, {}); }

}  // namespace nats3::jobs
