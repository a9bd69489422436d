#include "catalog/prune.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "catalog/archive_reader_testing.h"
#include "catalog/contents.h"
#include "object/faulty.h"

namespace nats3::catalog {
namespace {

using archive::SequenceRange;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::size_t kAll = 1'000;

// Ten chunks of ten messages, a second between two of them.
class PruneTest : public ::testing::Test {
 protected:
  PruneTest() {
    archive_.add_epoch(kEpoch);
    for (std::uint64_t i = 0; i < 10; ++i) {
      keys_.push_back(archive_.add_range(10 * i + 1, 10 * i + 10, 10 * i));
    }
  }

  const Catalog& catalog() const { return archive_.catalog(); }
  std::vector<SequenceRange> deleted() const {
    return catalog().watermark(kEpoch, "s.>")->deleted.ranges();
  }
  // What a replay yields; nothing may be wrong with it.
  std::size_t left() const {
    const auto read = archive_.read();
    EXPECT_EQ(read.error, "");
    return read.sequences.size();
  }

  Archive archive_;
  std::vector<std::string> keys_;
};

TEST_F(PruneTest, ChunksWithoutANewerMessageGo) {
  const auto pruned = prune(catalog(), time_of(35), kAll);
  ASSERT_TRUE(pruned) << pruned.error().message;
  EXPECT_EQ(pruned->totals, (ChunkTotals{3, 30, 30, time_of(1), time_of(30)}));
  EXPECT_GT(pruned->stored_bytes, 0U);
  EXPECT_FALSE(pruned->more);
  EXPECT_EQ(archive_.read().sequences.front(), 31U);
  EXPECT_EQ(left(), 70U);
  EXPECT_THAT(deleted(), ElementsAre(SequenceRange{1, 30}));
}

TEST_F(PruneTest, TheTimeItselfIsNotBeforeIt) {
  EXPECT_EQ(prune(catalog(), time_of(30), kAll)->totals.chunks, 2U);
  EXPECT_EQ(prune(catalog(), time_of(30) + std::chrono::nanoseconds(1), kAll)->totals.chunks, 1U);
}

TEST_F(PruneTest, LookingRemovesNothing) {
  const auto found = find_prunable(catalog(), time_of(35));
  ASSERT_TRUE(found);
  EXPECT_EQ(left(), 100U);
  EXPECT_THAT(deleted(), ElementsAre());
  const auto pruned = prune(catalog(), time_of(35), kAll);
  EXPECT_EQ(found->totals, pruned->totals);
  EXPECT_EQ(found->stored_bytes, pruned->stored_bytes);
}

TEST_F(PruneTest, SomeAtATime) {
  for (const std::uint64_t chunks : {4, 4, 1}) {
    const auto pruned = prune(catalog(), time_of(95), 4);
    ASSERT_TRUE(pruned);
    EXPECT_EQ(pruned->totals.chunks, chunks);
    EXPECT_EQ(pruned->more, chunks == 4);
  }
  EXPECT_EQ(prune(catalog(), time_of(95), 4)->totals.chunks, 0U);
  EXPECT_EQ(left(), 10U);
}

// As after a clock that was set back, or a redelivery.
TEST_F(PruneTest, WhatFollowsANewerChunkStays) {
  archive_.add_epoch(kNextEpoch);
  archive_.add_chunk({1, 90}, 0, "s.>", kNextEpoch);
  archive_.add_chunk({2, 3}, 0, "s.>", kNextEpoch);
  EXPECT_EQ(prune(catalog(), time_of(50), kAll)->totals.chunks, 4U);
  EXPECT_EQ(left(), 60U + 4U);
}

TEST_F(PruneTest, EachFilterAndEachEpochIsPruned) {
  archive_.add_chunk({21, 22}, 0, "s.0");
  archive_.add_chunk({41, 42}, 22, "s.0");
  archive_.add_epoch(kNextEpoch);
  archive_.add_chunk({31, 32}, 0, "s.>", kNextEpoch);
  EXPECT_EQ(prune(catalog(), time_of(40), kAll)->totals.chunks, 3 + 1 + 1U);
  EXPECT_EQ(left(), 70U);
  const auto contents = stream_contents(catalog());
  ASSERT_TRUE(contents);
  ASSERT_THAT(contents->epochs, SizeIs(2));
  ASSERT_THAT(contents->epochs[0].subjects, SizeIs(2));
  EXPECT_EQ(contents->epochs[0].subjects[1].totals.messages, 70U);
  EXPECT_EQ(contents->epochs[0].subjects[1].first_sequence, 31U);
}

TEST_F(PruneTest, APrunedEpochStaysOnRecord) {
  EXPECT_EQ(prune(catalog(), time_of(1'000), kAll)->totals.chunks, 10U);
  EXPECT_EQ(left(), 0U);
  EXPECT_THAT(*catalog().epochs(), SizeIs(1));
  EXPECT_EQ(catalog().archived_up_to(kEpoch, "s.>", 0), 100U);  // a job goes on after it
}

// A message that another reader of the consumer holds may still be archived.
TEST_F(PruneTest, WhatIsNotCompleteStays) {
  ASSERT_TRUE(catalog().put_complete(kEpoch, "s.>", 25));
  EXPECT_EQ(prune(catalog(), time_of(95), kAll)->totals.chunks, 2U);
  archive_.add_epoch(kNextEpoch);  // nothing more comes to the one before
  EXPECT_EQ(prune(catalog(), time_of(95), kAll)->totals.chunks, 7U);
}

TEST_F(PruneTest, AMissingChunkIsMissedUnlessItIsOlder) {
  ASSERT_TRUE(archive_.store().remove(keys_[1]));
  ASSERT_TRUE(archive_.store().remove(keys_[6]));
  ASSERT_TRUE(prune(catalog(), time_of(35), kAll));
  EXPECT_THAT(archive_.read().error, HasSubstr("after 60 up to 70"));
}

TEST_F(PruneTest, NothingIsRemovedThatIsNotNoted) {
  const auto fails = Archive::in(object::make_faulty(
      archive_.shared_store(), object::fail_calls(object::Operation::kPut, 1, 1)));
  EXPECT_FALSE(prune(*fails, time_of(35), kAll));
  EXPECT_EQ(left(), 100U);
}

TEST_F(PruneTest, GoesOnWhereItFailed) {
  const auto fails = Archive::in(object::make_faulty(
      archive_.shared_store(), object::fail_calls(object::Operation::kRemove, 3, 1'000)));
  EXPECT_FALSE(prune(*fails, time_of(95), kAll));
  EXPECT_GE(left(), 10U);  // whole, whatever of it is gone
  EXPECT_TRUE(prune(catalog(), time_of(95), kAll));
  EXPECT_EQ(left(), 10U);
}

TEST_F(PruneTest, AReaderUnderWayGoesOnAfterIt) {
  ArchiveReader reader(catalog(), {}, OnDamage::kFail);
  std::set<std::uint64_t> read;
  bool pruned = false;
  auto batch = reader.next();
  for (; batch && *batch; batch = reader.next()) {
    for (const auto& message : (*batch)->messages) {
      read.insert(message.sequence);
    }
    if (!std::exchange(pruned, true)) {
      ASSERT_TRUE(prune(catalog(), time_of(55), kAll));
    }
  }
  ASSERT_TRUE(batch) << batch.error().message;
  for (std::uint64_t sequence = 51; sequence <= 100; ++sequence) {
    EXPECT_TRUE(read.contains(sequence)) << sequence;
  }
}

// Whatever is pruned, in whatever portions: what is left is whole, has all that isn't older, and
// nothing that a chunk without newer messages had.
RC_GTEST_PROP(PruneProperty, LeavesAWholeArchiveOfAllThatIsNewer, ()) {
  Archive archive;
  archive.add_epoch(kEpoch);
  std::uint64_t last = 0;
  const auto count = *rc::gen::inRange<int>(1, 12);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t first = last + *rc::gen::inRange<std::uint64_t>(1, 4);
    const std::uint64_t end = first + *rc::gen::inRange<std::uint64_t>(0, 6);
    archive.add_range(first, end, last);
    last = end;
  }
  const auto all = archive.read().sequences;
  const auto before = *rc::gen::inRange<std::uint64_t>(0, last + 3);
  const auto most = *rc::gen::inRange<std::size_t>(1, 5);
  while (prune(archive.catalog(), time_of(before), most)->more) {
  }
  const auto read = archive.read();
  RC_ASSERT(read.error == "");
  const std::set<std::uint64_t> left(read.sequences.begin(), read.sequences.end());
  for (const std::uint64_t sequence : all) {
    RC_ASSERT(sequence < before || left.contains(sequence));
  }
  if (!left.empty()) {
    RC_ASSERT(*left.rbegin() >= before);
    RC_ASSERT(left.size() + *left.begin() >= all.size());
  }
  RC_ASSERT(find_prunable(archive.catalog(), time_of(before))->totals.chunks == 0U);
}

}  // namespace
}  // namespace nats3::catalog
