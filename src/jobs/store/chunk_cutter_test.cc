#include "jobs/store/chunk_cutter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/store/kept_chunk.h"
#include "jobs/store/pending_chunk_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr MonotonicTime kNow{std::chrono::seconds{7}};

PendingChunkPtr make_chunk(std::uint64_t previous) {
  return std::make_unique<KeptChunk>(kChunkSpec, previous);
}

void add(ChunkCutter& cutter, std::uint64_t sequence, MonotonicTime now = kNow) {
  cutter.add(make_batch({make_delivery(sequence, 0)}), 0, now);
}

void add_range(ChunkCutter& cutter, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
    add(cutter, sequence);
  }
}

ChunkRange range(std::uint64_t previous, std::uint64_t first, std::uint64_t last,
                 std::uint64_t count) {
  return {.previous = previous,
          .first = first,
          .last = last,
          .count = count,
          .time_min = {},
          .time_max = {}};
}

std::vector<ChunkRange> take(ChunkCutter& cutter) {
  std::vector<ChunkRange> ranges;
  for (const auto& chunk : cutter.take()) {
    EXPECT_EQ(sequences(chunk.content->encode()).size(), chunk.range.count);
    ranges.push_back(chunk.range);
  }
  return ranges;
}

TEST(ChunkCutter, CutsByCountAndNamesThePredecessor) {
  ChunkCutter cutter({.max_count = 3}, make_chunk, {.after = 4});
  add_range(cutter, 5, 11);
  EXPECT_THAT(take(cutter), ElementsAre(range(4, 5, 7, 3), range(7, 8, 10, 3)));
  EXPECT_THAT(take(cutter), IsEmpty()) << "given twice";
  ASSERT_NE(cutter.gathered(), nullptr);
  EXPECT_EQ(cutter.gathered()->count(), 1U);
}

TEST(ChunkCutter, CutsByBytes) {
  ChunkCutter cutter({.max_bytes = 7}, make_chunk, {});
  add_range(cutter, 1, 3);
  EXPECT_THAT(take(cutter), ElementsAre(range(0, 1, 2, 2)));
}

TEST(ChunkCutter, CutsOnRequestWhatIsGathered) {
  ChunkCutter cutter({}, make_chunk, {});
  cutter.cut();
  EXPECT_THAT(take(cutter), IsEmpty());
  add_range(cutter, 1, 2);
  cutter.cut();
  EXPECT_THAT(take(cutter), ElementsAre(range(0, 1, 2, 2)));
  EXPECT_EQ(cutter.gathered(), nullptr);
}

TEST(ChunkCutter, TellsSinceWhenItGathers) {
  ChunkCutter cutter({.max_count = 2}, make_chunk, {});
  EXPECT_EQ(cutter.gathered_since(), std::nullopt);
  add(cutter, 1, kNow);
  add(cutter, 2, kNow + std::chrono::seconds{1});
  EXPECT_EQ(cutter.gathered_since(), std::nullopt);
  add(cutter, 3, kNow + std::chrono::seconds{2});
  EXPECT_EQ(cutter.gathered_since(), kNow + std::chrono::seconds{2});
}

// Whatever the batch policy is by now.
TEST(ChunkCutter, MakesChunksAgainWithExactlyTheirRange) {
  ChunkCutter cutter({.max_count = 2}, make_chunk,
                     {.after = 4, .to_make_again = {range(3, 5, 9, 5), range(9, 10, 10, 1)}});
  add_range(cutter, 5, 12);
  EXPECT_THAT(take(cutter),
              ElementsAre(range(3, 5, 9, 5), range(9, 10, 10, 1), range(10, 11, 12, 2)));
  EXPECT_THAT(cutter.to_make_again(), IsEmpty());
}

TEST(ChunkCutter, LeavesOutOfAChunkMadeAgainWhatLeftTheStream) {
  ChunkCutter cutter({}, make_chunk,
                     {.after = 4, .to_make_again = {range(4, 5, 9, 5), range(9, 10, 14, 5)}});
  add_range(cutter, 5, 6);
  EXPECT_EQ(cutter.to_make_again().size(), 2U);
  add(cutter, 20);  // 7 to 19 have left it
  EXPECT_THAT(take(cutter), ElementsAre(range(4, 5, 6, 2)));
  EXPECT_THAT(cutter.to_make_again(), IsEmpty());
  cutter.cut();
  EXPECT_THAT(take(cutter), ElementsAre(range(6, 20, 20, 1)));
}

// A reader would take the sequences between for lost.
TEST(ChunkCutter, NamesNoPredecessorThatLeftTheStreamBeforeItWasArchived) {
  ChunkCutter cutter({}, make_chunk,
                     {.after = 4,
                      .to_make_again = {range(4, 5, 9, 5), range(9, 10, 14, 5),
                                        range(14, 15, 19, 5), range(19, 20, 24, 5)}});
  add_range(cutter, 5, 6);
  add_range(cutter, 12, 14);  // 7 to 11 have left it
  add_range(cutter, 20, 24);  // 15 to 19
  EXPECT_THAT(take(cutter),
              ElementsAre(range(4, 5, 6, 2), range(6, 12, 14, 3), range(14, 20, 24, 5)));
}

TEST(ChunkCutter, CutsAChunkToBeMadeAgainWhoseRestDoesntCome) {
  ChunkCutter cutter({}, make_chunk, {.after = 4, .to_make_again = {range(4, 5, 9, 5)}});
  add(cutter, 5);
  cutter.cut();
  EXPECT_THAT(take(cutter), ElementsAre(range(4, 5, 5, 1)));
  EXPECT_THAT(cutter.to_make_again(), IsEmpty());
}

TEST(ChunkCutter, NamesNoPredecessorWhereMessagesComeInAnyOrder) {
  ChunkCutter cutter({.max_count = 2}, make_chunk, {.in_order = false, .after = 9});
  for (const std::uint64_t sequence : {12, 11, 3, 4}) {
    add(cutter, sequence);
  }
  EXPECT_THAT(take(cutter), ElementsAre(range(0, 11, 12, 2), range(0, 3, 4, 2)));
}

}  // namespace
}  // namespace nats3::jobs
