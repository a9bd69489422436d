// SegmentIndex: what the chunks of one epoch and filter hold, a thousand at a time, so that who
// replays an hour out of a year needn't list the year. It only saves listing: chunks are always
// found by their keys, and without an index everything is listed.
//
// A segment stands for every chunk whose *first sequence* is in its range, and segments follow one
// another without a gap. What makes that safe to rely on is a duty of writers: no chunk is put
// whose first sequence is between begin() and end() of the index that is in the bucket. Who has
// such a chunk cuts the index first. Chunks may be deleted at any time: a segment's numbers are
// bounds, and stay true.
//
// Pure functions and plain values: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/key.h"
#include "base/clock.h"
#include "base/error.h"

namespace nats3::archive {

// How many chunks a segment has, and one or more beyond when several begin at one sequence.
inline constexpr std::uint64_t kSegmentChunks = 1'000;
// Of an index: 131 million chunks in 6 MB. What comes after them is listed.
inline constexpr std::size_t kMaxSegments = 1 << 17;
// The beginning, which has the hash of the rest: two indexes that begin the same are the same.
inline constexpr std::size_t kIndexIdentityBytes = 24;

// Chunks whose first sequence is below `end`, and not below that of the segment before, or, of the
// first one, the index's begin.
struct Segment {
  std::uint64_t end = 0;
  std::uint64_t chunks = 0;
  std::uint64_t messages = 0;  // the sum of the chunks' counts
  std::uint64_t last = 0;      // the highest sequence in any of them
  Timestamp time_min;          // of any of them: clocks step back
  Timestamp time_max;
  bool operator==(const Segment&) const = default;
};

class SegmentIndex {
 public:
  SegmentIndex() = default;
  // Of one filter. What it is for is in the file, so that a copy at another place is noticed.
  SegmentIndex(std::string stream, std::string epoch, std::string filter)
      : stream_(std::move(stream)), epoch_(std::move(epoch)), filter_(std::move(filter)) {}

  // Errors: kCorrupt for what serialize() can't have made; kInvalid for a newer format.
  [[nodiscard]] static Result<SegmentIndex> parse(std::string_view bytes);
  [[nodiscard]] std::string serialize() const;

  [[nodiscard]] const std::string& stream() const { return stream_; }
  [[nodiscard]] const std::string& epoch() const { return epoch_; }
  [[nodiscard]] const std::string& filter() const { return filter_; }
  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }
  // Chunks that begin below this aren't in it: older ones may be copied beside a newer archive.
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  // Chunks that begin here or above aren't in it.
  [[nodiscard]] std::uint64_t end() const { return segments_.empty() ? 0 : segments_.back().end; }

  // Where the first segment begins. Precondition: there is none.
  void begin_at(std::uint64_t first) { begin_ = first; }
  // Precondition: `segment.end` is above begin() and end(), and there are less than kMaxSegments.
  void add(const Segment& segment) { segments_.push_back(segment); }
  // Leaves out every segment that a chunk which begins at `first` could belong to, and those after.
  void cut(std::uint64_t first);

  bool operator==(const SegmentIndex&) const = default;

 private:
  std::string stream_;
  std::string epoch_;
  std::string filter_;
  std::uint64_t begin_ = 0;  // without segments: 0
  std::vector<Segment> segments_;
};

// Gathers chunks, in the order of their keys, into segments.
class SegmentBuilder {
 public:
  // Whether a chunk beginning at `first` would be in another segment than those gathered so far.
  [[nodiscard]] bool ends_before(std::uint64_t first) const {
    return segment_.chunks >= kSegmentChunks && first >= segment_.end;
  }
  void add(const ChunkName& name);
  [[nodiscard]] std::uint64_t chunks() const { return segment_.chunks; }
  // What was gathered, which is not empty. Begins another one.
  Segment take() { return std::exchange(segment_, {}); }

 private:
  Segment segment_;
};

}  // namespace nats3::archive
