// GapAccount: which messages left a stream before a store job had archived them, by age say.
//
// A consumer passes over sequences for many reasons. What is known: sequences below the stream's
// first one that the job neither archived nor took are gone, and whatever was there was never seen.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace nats3::jobs {

struct Unseen {
  std::uint64_t messages = 0;  // at most
  std::uint64_t last = 0;      // the last of their sequences
};

class GapAccount {
 public:
  // A session begins: everything up to `accounted` was archived or counted before, and the stream
  // holds nothing below `first_sequence`. Returns what lies between.
  Unseen begin(std::uint64_t accounted, std::uint64_t first_sequence);
  // A message was taken. In order.
  void take(std::uint64_t sequence);
  // Whether the consumer passed over something that settle() can judge.
  [[nodiscard]] bool open() const { return !gaps_.empty(); }
  // Judges that by where the stream begins now.
  Unseen settle(std::uint64_t first_sequence);
  // The same without a judgement.
  void forget() { gaps_.clear(); }
  // Up to where nothing is left to be judged, when everything up to `archived` is in the bucket.
  [[nodiscard]] std::uint64_t settled(std::uint64_t archived);

 private:
  // Sequences from one after `after` to one before `before`.
  struct Gap {
    std::uint64_t after = 0;
    std::uint64_t before = 0;
  };

  std::uint64_t taken_ = 0;
  std::uint64_t settled_ = 0;
  std::vector<Gap> gaps_;
};

}  // namespace nats3::jobs
