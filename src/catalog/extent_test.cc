#include "catalog/extent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "catalog/archive_reader_testing.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::set<std::uint64_t> as_set(const std::vector<std::uint64_t>& sequences) {
  return {sequences.begin(), sequences.end()};
}

// An index of all chunks of "s.>" but the last `left`, a segment for each.
void index_chunks(const Archive& archive, std::size_t left) {
  const auto chunks = *archive.catalog().last_chunks(kEpoch, "s.>", 0);
  archive::SegmentIndex index("S", kEpoch, "s.>");
  index.begin_at(chunks.front().name.first);
  for (std::size_t i = 0; i + left < chunks.size(); ++i) {
    archive::SegmentBuilder builder;
    builder.add(chunks[i].name);
    index.add(builder.take());
  }
  ASSERT_TRUE(archive.catalog().put_segment_index(index));
}

TEST(ExtentTest, IsNothingWhereNothingIsArchived) {
  Archive archive;
  EXPECT_EQ(extent_of(archive.catalog(), {}).value(), Extent{});
}

TEST(ExtentTest, IsTheHighestSequenceOfEachSelectedFilterOfTheLatestEpoch) {
  Archive archive;
  archive.add_epoch("20261123T010000.000000000Z");
  archive.add_epoch(kEpoch);
  archive.add_chunk({1, 900}, 0, "s.>", "20261123T010000.000000000Z");
  archive.add_chunk({1, 40}, 0, "s.1");
  archive.add_chunk({4, 7}, 0, "s.1");
  archive.add_chunk({2, 5}, 0, "s.2");
  archive.add_chunk({3, 6}, 0, "other");
  const auto extent = extent_of(archive.catalog(), {.subject = "s.*"}).value();
  EXPECT_EQ(extent.epoch, kEpoch);
  EXPECT_THAT(extent.last_sequences, UnorderedElementsAre(Pair("s.1", 40), Pair("s.2", 5)));
  EXPECT_EQ(extent.last_of("20261123T010000.000000000Z", "s.9"), UINT64_MAX);
  EXPECT_EQ(extent.last_of(kEpoch, "s.2"), 5);
  EXPECT_EQ(extent.last_of(kEpoch, "s.9"), 0);
  EXPECT_EQ(extent.last_of(kNextEpoch, "s.2"), 0);
}

TEST(ExtentTest, IsTheSameWithAnIndex) {
  Archive archive;
  archive.add_epoch(kEpoch);
  for (std::uint64_t first = 1; first < 30; first += 5) {
    archive.add_range(first, first + 4);
  }
  for (const std::size_t left : {0U, 2U}) {
    index_chunks(archive, left);
    EXPECT_EQ(extent_of(archive.catalog(), {})->last_of(kEpoch, "s.>"), 30) << left;
  }
}

// All that may come after an extent was taken.
TEST(ExtentTest, NothingThatWasArchivedLaterIsRead) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 5);
  archive.add_range(6, 9, 5);
  const Selection bounded{.until = extent_of(archive.catalog(), {}).value()};
  archive.add_range(9, 12, 8);  // one that also holds the last message before
  archive.add_range(13, 20, 12);
  archive.add_chunk({1, 4, 7}, 0, "s.1");
  archive.add_epoch(kNextEpoch);
  archive.add_chunk({1, 2, 3}, 0, "s.>", kNextEpoch);
  const auto outcome = archive.read(bounded);
  EXPECT_EQ(outcome.error, "");
  EXPECT_THAT(outcome.sequences, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(outcome.finished.size(), 2);  // so the chunk that holds more isn't deleted
  EXPECT_EQ(archive.catalog().count_messages(bounded).value(), 5 + 4 + 4);
}

TEST(ExtentTest, WhatIsMissingWithinIsNoticedAndWhatIsMissingBeyondIsNot) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 5);
  const std::string key = archive.add_chunk({6, 30}, 5);
  const Selection bounded{.until = extent_of(archive.catalog(), {}).value()};
  archive.add_range(41, 50, 40);
  EXPECT_EQ(archive.read(bounded).error, "");
  archive.add_range(25, 40, 24);
  EXPECT_EQ(archive.read(bounded).error, "");
  ASSERT_TRUE(archive.store().remove(key));
  EXPECT_THAT(archive.read(bounded).error, ::testing::HasSubstr("a chunk is missing"));
}

TEST(ExtentTest, EpochsBeforeTheLatestAreReadWhole) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_epoch(kNextEpoch);
  archive.add_range(1, 5);
  archive.add_chunk({1, 2}, 0, "s.>", kNextEpoch);
  const Selection bounded{.until = extent_of(archive.catalog(), {}).value()};
  archive.add_chunk({3, 4}, 2, "s.>", kNextEpoch);
  EXPECT_THAT(archive.read(bounded).sequences, ElementsAre(1, 2, 3, 4, 5, 1, 2));
}

// Chunks of all lengths, in any order, some of them after the extent was taken, with an index or
// without: as if what came later weren't there.
RC_GTEST_PROP(ExtentProperty, WhatIsReadIsWhatWasThere, ()) {
  Archive archive;
  archive.add_epoch(kEpoch);
  const auto add_some = [&](int count, std::uint64_t above) {
    std::uint64_t previous = 0;
    for (int i = 0; i < count; ++i) {
      const std::uint64_t first = above + *rc::gen::inRange<std::uint64_t>(1, 60);
      const std::uint64_t last = first + *rc::gen::inRange<std::uint64_t>(0, 9);
      archive.add_range(first, last);
      previous = std::max(previous, last);
    }
    return previous;
  };
  const std::uint64_t reached = add_some(*rc::gen::inRange(1, 8), 0);
  const auto before = archive.read();
  const Selection bounded{.until = extent_of(archive.catalog(), {}).value()};
  add_some(*rc::gen::inRange(0, 8), reached);
  if (*rc::gen::arbitrary<bool>()) {
    archive.add_range(reached, reached + 3);  // overlaps with the last
  }
  const auto after = archive.read(bounded);
  RC_ASSERT(after.error == "");
  RC_ASSERT(after.sequences == before.sequences);
  RC_ASSERT(as_set(after.sequences).size() == after.sequences.size());
  RC_ASSERT(*archive.catalog().count_messages(bounded) >= after.sequences.size());
}

}  // namespace
}  // namespace nats3::catalog
