#include "catalog/chunk_removal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

#include "catalog/archive_reader_testing.h"
#include "object/faulty.h"

namespace nats3::catalog {
namespace {

using archive::SequenceRange;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Ten chunks of ten messages, but that the first two of each chunk are missing in the stream.
class ChunkRemovalTest : public ::testing::Test {
 protected:
  ChunkRemovalTest() {
    archive_.add_epoch(kEpoch);
    for (std::uint64_t i = 0; i < 10; ++i) {
      archive_.add_range(10 * i + 3, 10 * i + 10, 10 * i);
    }
  }

  // As a listing has it; `opened`: a reader has seen what it names as its predecessor.
  FinishedChunk chunk(std::size_t i, bool opened = true) const {
    auto chunks = ChunkLister::of_filters(archive_.catalog(), kEpoch, {"s.>"});
    for (std::size_t skip = 0; skip < i; ++skip) {
      EXPECT_TRUE(chunks.peek());
      chunks.pop();
    }
    FinishedChunk finished{.epoch = kEpoch, .chunk = **chunks.peek(), .selected_whole = true};
    if (opened) {
      finished.previous = finished.chunk.name.first - 3;
    }
    return finished;
  }
  // Of those that are left, by their numbers.
  void remove(const std::vector<FinishedChunk>& chunks) const {
    std::vector<FinishedChunk> left = chunks;
    ASSERT_TRUE(remove_chunks(archive_.catalog(), left));
    EXPECT_THAT(left, IsEmpty());
  }
  std::vector<SequenceRange> deleted() const {
    return archive_.catalog().watermark(kEpoch, "s.>")->deleted.ranges();
  }

  Archive archive_;
};

TEST_F(ChunkRemovalTest, WhatIsAdjacentIsOneRange) {
  remove({chunk(7), chunk(8), chunk(9)});
  EXPECT_THAT(deleted(), ElementsAre(SequenceRange{71, 100}));
  remove({chunk(0)});
  EXPECT_THAT(deleted(), ElementsAre(SequenceRange{1, 10}, SequenceRange{71, 100}));
  remove({chunk(0), chunk(1), chunk(2), chunk(3), chunk(4), chunk(5)});
  EXPECT_THAT(deleted(), ElementsAre(SequenceRange{1, 100}));
  const auto watermark = archive_.catalog().watermark(kEpoch, "s.>");
  EXPECT_EQ(watermark->last_sequence, 100);
  EXPECT_EQ(watermark->last_time, time_of(100));
}

TEST_F(ChunkRemovalTest, AChunkThatWasNotOpenedIsAskedForItsPredecessor) {
  remove({chunk(5, false), chunk(4, false)});
  EXPECT_THAT(deleted(), ElementsAre(SequenceRange{41, 60}));
  EXPECT_EQ(archive_.read().error, "");
}

TEST_F(ChunkRemovalTest, OneThatIsGoneAlreadyStandsForItself) {
  const FinishedChunk gone = chunk(5, false);
  ASSERT_TRUE(archive_.store().remove(gone.chunk.key));
  remove({gone});
  EXPECT_THAT(deleted(), ElementsAre(SequenceRange{53, 60}));
}

// One put for what a checkpoint covers, and nothing is deleted before it.
TEST_F(ChunkRemovalTest, ANoteThatFailsLeavesAllChunks) {
  std::vector<FinishedChunk> chunks{chunk(0), chunk(1), chunk(2)};
  int puts = 0;
  bool fails = true;
  const auto catalog =
      Archive::in(object::make_faulty(archive_.shared_store(), [&](const object::Call& call) {
        const bool put = call.operation == object::Operation::kPut;
        puts += put ? 1 : 0;
        return object::Fault{.error = put && fails ? std::optional(object::made_up_error())
                                                   : std::nullopt};
      }));
  EXPECT_FALSE(remove_chunks(*catalog, chunks));
  EXPECT_THAT(chunks, SizeIs(3));
  EXPECT_EQ(archive_.read().finished.size(), 10);
  fails = false;
  puts = 0;
  EXPECT_TRUE(remove_chunks(*catalog, chunks));
  EXPECT_EQ(puts, 1);
  EXPECT_EQ(archive_.read().finished.size(), 7);
}

TEST_F(ChunkRemovalTest, OnlyWhatWasDeletedAfterAReplayIsNotMissed) {
  const FinishedChunk lost = chunk(3);
  remove({chunk(8), chunk(9)});
  ASSERT_TRUE(archive_.store().remove(lost.chunk.key));
  EXPECT_THAT(archive_.read().error, HasSubstr("after 30 up to 40"));
  EXPECT_EQ(archive_.catalog().missing(lost.chunk).code, ErrorCode::kCorrupt);
}

// As earlier releases have it.
TEST_F(ChunkRemovalTest, AWatermarkWithoutRangesStandsForAllUpToIt) {
  const auto chunks = archive_.catalog().last_chunks(kEpoch, "s.>", 0);
  ASSERT_TRUE(archive_.store().remove(chunks->front().key));
  ASSERT_TRUE(archive_.store().put(
      archive::watermark_key(archive_.catalog().location(), kEpoch, "s.>"),
      R"({"format":2,"last_sequence":40,"last_time":"2026-11-24T01:54:25Z"})"));
  EXPECT_EQ(archive_.read().error, "");
  remove({chunk(7)});
  EXPECT_EQ(archive_.read().error, "");
}

// A reader that began before it was deleted and listed after.
TEST_F(ChunkRemovalTest, WhatIsDeletedWhileOneReadsIsNotMissing) {
  bool deleted = false;
  const auto catalog =
      Archive::in(object::make_faulty(archive_.shared_store(), [&](const object::Call& call) {
        if (call.key.ends_with("/s.%3E/") && !std::exchange(deleted, true)) {
          remove({chunk(0), chunk(1), chunk(4)});
        }
        return object::Fault{};
      }));
  ArchiveReader reader(*catalog, {}, OnDamage::kFail);
  std::size_t messages = 0;
  auto batch = reader.next();
  for (; batch && *batch; batch = reader.next()) {
    messages += (*batch)->messages.size();
  }
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(messages, 7 * 8U);
}

// Whichever chunks loads delete, in whatever portions: nothing is taken for missing, and each chunk
// that is removed by hand is, if one that names it as its predecessor is left or it comes before
// one that was deleted.
RC_GTEST_PROP(ChunkRemovalProperty, ExcusesWhatWasDeletedAndNothingElse, ()) {
  Archive archive;
  archive.add_epoch(kEpoch);
  std::uint64_t last = 0;
  const auto count = *rc::gen::inRange<std::size_t>(2, 12);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t first = last + *rc::gen::inRange<std::uint64_t>(1, 4);
    archive.add_range(first, first + 4, last);
    last = first + 4;
  }
  ArchiveReader reader(archive.catalog(), {}, OnDamage::kFail);
  std::vector<FinishedChunk> all;
  while (auto batch = *reader.next()) {
    all.insert(all.end(), batch->finished.begin(), batch->finished.end());
  }
  const auto portions = *rc::gen::container<std::vector<int>>(count, rc::gen::inRange(0, 4));
  for (const int portion : {1, 2, 3}) {
    std::vector<FinishedChunk> chosen;
    for (std::size_t i = 0; i < count; ++i) {
      if (portions[i] == portion) {
        chosen.push_back(all[i]);
      }
    }
    RC_ASSERT(remove_chunks(archive.catalog(), chosen).has_value());
    RC_ASSERT(archive.read().error == "");
  }
  const auto lost = *rc::gen::inRange<std::size_t>(0, count);
  const bool others_follow = std::any_of(portions.begin() + static_cast<std::ptrdiff_t>(lost) + 1,
                                         portions.end(), [](int portion) { return portion == 0; });
  if (portions[lost] == 0 && others_follow) {
    RC_ASSERT(archive.store().remove(all[lost].chunk.key).has_value());
    RC_ASSERT(archive.read().error != "");
  }
}

}  // namespace
}  // namespace nats3::catalog
