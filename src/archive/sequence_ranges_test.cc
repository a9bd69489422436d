#include "archive/sequence_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace nats3::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr std::uint64_t kHighest = UINT64_MAX;

TEST(SequenceRangesTest, WhatIsAdjacentBecomesOne) {
  SequenceRanges ranges;
  ranges.add({11, 20});
  ranges.add({31, 40});
  EXPECT_THAT(ranges.ranges(), ElementsAre(SequenceRange{11, 20}, SequenceRange{31, 40}));
  ranges.add({21, 30});
  ranges.add({42, 50});
  EXPECT_THAT(ranges.ranges(), ElementsAre(SequenceRange{11, 40}, SequenceRange{42, 50}));
}

TEST(SequenceRangesTest, TellHowFarTheyReach) {
  SequenceRanges ranges;
  EXPECT_EQ(ranges.reach_from(7), 7);
  EXPECT_EQ(ranges.last_outside(7), 7);
  ranges.add({1, 10});
  ranges.add({21, kHighest});
  EXPECT_EQ(ranges.reach_from(0), 10);
  EXPECT_EQ(ranges.reach_from(10), 10);
  EXPECT_EQ(ranges.reach_from(19), 19);
  EXPECT_EQ(ranges.reach_from(20), kHighest);
  EXPECT_EQ(ranges.reach_from(kHighest), kHighest);
  EXPECT_EQ(ranges.last_outside(5), 0);
  EXPECT_EQ(ranges.last_outside(20), 20);
  EXPECT_EQ(ranges.last_outside(30), 20);
}

TEST(SequenceRangesTest, BeyondTheMostTheClosestBecomeOne) {
  SequenceRanges ranges;
  for (std::uint64_t i = 1; i <= SequenceRanges::kMost; ++i) {
    ranges.add({100 * i, 100 * i + 10});
  }
  ranges.add({160, 165});  // nearer to what follows
  EXPECT_THAT(ranges.ranges(), SizeIs(SequenceRanges::kMost));
  EXPECT_TRUE(ranges.contain({100, 110}));
  EXPECT_FALSE(ranges.contain({100, 111}));
  EXPECT_TRUE(ranges.contain({160, 210}));
}

// As a set of sequences has it.
RC_GTEST_PROP(SequenceRangesProperty, AreThoseThatWereAdded, ()) {
  SequenceRanges ranges;
  std::set<std::uint64_t> all;
  for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
    const auto first = *rc::gen::inRange<std::uint64_t>(1, 60);
    const auto last = first + *rc::gen::inRange<std::uint64_t>(0, 8);
    ranges.add({first, last});
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      all.insert(sequence);
    }
  }
  std::uint64_t end = 0;
  for (const SequenceRange& range : ranges.ranges()) {
    RC_ASSERT(range.first <= range.last);
    RC_ASSERT(end == 0 || range.first > end + 1);
    end = range.last;
  }
  for (std::uint64_t sequence = 1; sequence < 80; ++sequence) {
    RC_ASSERT(ranges.contain({sequence, sequence}) == all.contains(sequence));
    std::uint64_t reach = sequence;
    while (all.contains(reach + 1)) {
      ++reach;
    }
    RC_ASSERT(ranges.reach_from(sequence) == reach);
    std::uint64_t outside = sequence;
    while (all.contains(outside)) {
      --outside;
    }
    RC_ASSERT(ranges.last_outside(sequence) == outside);
  }
}

}  // namespace
}  // namespace nats3::archive
