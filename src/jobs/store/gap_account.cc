#include "jobs/store/gap_account.h"

#include <algorithm>

namespace nats3::jobs {
namespace {

// Of a stream with more holes than this the rest isn't judged.
constexpr std::size_t kMaxGaps = 10'000;

}  // namespace

Unseen GapAccount::begin(std::uint64_t accounted, std::uint64_t first_sequence) {
  gaps_.clear();
  const std::uint64_t gone = first_sequence > 0 ? first_sequence - 1 : 0;
  taken_ = std::max(accounted, gone);
  settled_ = taken_;
  return gone > accounted ? Unseen{gone - accounted, gone} : Unseen{};
}

void GapAccount::take(std::uint64_t sequence) {
  if (sequence > taken_ + 1 && gaps_.size() < kMaxGaps) {
    gaps_.push_back({taken_, sequence});
  }
  taken_ = std::max(taken_, sequence);
}

Unseen GapAccount::settle(std::uint64_t first_sequence) {
  Unseen unseen;
  for (const Gap& gap : gaps_) {
    const std::uint64_t end = std::min(gap.before, first_sequence);
    if (end > gap.after + 1) {
      unseen.messages += end - gap.after - 1;
      unseen.last = end - 1;
    }
  }
  gaps_.clear();
  return unseen;
}

std::uint64_t GapAccount::settled(std::uint64_t archived) {
  if (gaps_.empty()) {
    settled_ = std::max(settled_, archived);
  }
  return settled_;
}

}  // namespace nats3::jobs
