#include "jobs/store/chunk_cutter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr MonotonicTime kNow{std::chrono::seconds{7}};

// A message of four bytes.
void add(ChunkCutter& cutter, std::uint64_t sequence, MonotonicTime now = kNow) {
  std::vector<nats::Delivery> deliveries{
      {.message = {.sequence = sequence, .subject = "s", .payload = "abc"}}};
  cutter.add(std::make_shared<const nats::DeliveryBatch>(std::move(deliveries), nullptr), 0, now);
}

void add_all(ChunkCutter& cutter, std::uint64_t first, std::uint64_t last) {
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
    EXPECT_EQ(chunk.content.messages().size(), chunk.range.count);
    ranges.push_back(chunk.range);
  }
  return ranges;
}

TEST(ChunkCutter, CutsByCountAndNamesThePredecessor) {
  ChunkCutter cutter({.max_count = 3}, {.after = 4});
  add_all(cutter, 5, 11);
  EXPECT_THAT(take(cutter), ElementsAre(range(4, 5, 7, 3), range(7, 8, 10, 3)));
  EXPECT_THAT(take(cutter), IsEmpty()) << "given twice";
  EXPECT_EQ(cutter.gathered().count(), 1U);
}

TEST(ChunkCutter, CutsByBytes) {
  ChunkCutter cutter({.max_bytes = 7}, {});
  add_all(cutter, 1, 3);
  EXPECT_THAT(take(cutter), ElementsAre(range(0, 1, 2, 2)));
}

TEST(ChunkCutter, CutsOnRequestWhatIsGathered) {
  ChunkCutter cutter({}, {});
  cutter.cut();
  EXPECT_THAT(take(cutter), IsEmpty());
  add_all(cutter, 1, 2);
  cutter.cut();
  EXPECT_THAT(take(cutter), ElementsAre(range(0, 1, 2, 2)));
  EXPECT_TRUE(cutter.gathered().empty());
}

TEST(ChunkCutter, TellsSinceWhenItGathers) {
  ChunkCutter cutter({.max_count = 2}, {});
  EXPECT_EQ(cutter.gathered_since(), std::nullopt);
  add(cutter, 1, kNow);
  add(cutter, 2, kNow + std::chrono::seconds{1});
  EXPECT_EQ(cutter.gathered_since(), std::nullopt);
  add(cutter, 3, kNow + std::chrono::seconds{2});
  EXPECT_EQ(cutter.gathered_since(), kNow + std::chrono::seconds{2});
}

// Whatever the batch policy is by now.
TEST(ChunkCutter, MakesChunksAgainWithExactlyTheirRange) {
  ChunkCutter cutter({.max_count = 2},
                     {.after = 4, .to_make_again = {range(3, 5, 9, 5), range(9, 10, 10, 1)}});
  add_all(cutter, 5, 12);
  EXPECT_THAT(take(cutter),
              ElementsAre(range(3, 5, 9, 5), range(9, 10, 10, 1), range(10, 11, 12, 2)));
  EXPECT_THAT(cutter.to_make_again(), IsEmpty());
}

TEST(ChunkCutter, LeavesOutOfAChunkMadeAgainWhatLeftTheStream) {
  ChunkCutter cutter({}, {.after = 4, .to_make_again = {range(4, 5, 9, 5), range(9, 10, 14, 5)}});
  add_all(cutter, 5, 6);
  EXPECT_EQ(cutter.to_make_again().size(), 2U);
  add(cutter, 20);  // 7 to 19 have left it
  EXPECT_THAT(take(cutter), ElementsAre(range(4, 5, 6, 2)));
  EXPECT_THAT(cutter.to_make_again(), IsEmpty());
  cutter.cut();
  EXPECT_THAT(take(cutter), ElementsAre(range(6, 20, 20, 1)));
}

// A reader would take the sequences between for lost.
TEST(ChunkCutter, NamesNoPredecessorThatLeftTheStreamBeforeItWasArchived) {
  ChunkCutter cutter({}, {.after = 4,
                          .to_make_again = {range(4, 5, 9, 5), range(9, 10, 14, 5),
                                            range(14, 15, 19, 5), range(19, 20, 24, 5)}});
  add_all(cutter, 5, 6);
  add_all(cutter, 12, 14);  // 7 to 11 have left it
  add_all(cutter, 20, 24);  // 15 to 19
  EXPECT_THAT(take(cutter),
              ElementsAre(range(4, 5, 6, 2), range(6, 12, 14, 3), range(14, 20, 24, 5)));
}

TEST(ChunkCutter, CutsAChunkToBeMadeAgainWhoseRestDoesntCome) {
  ChunkCutter cutter({}, {.after = 4, .to_make_again = {range(4, 5, 9, 5)}});
  add(cutter, 5);
  cutter.cut();
  EXPECT_THAT(take(cutter), ElementsAre(range(4, 5, 5, 1)));
  EXPECT_THAT(cutter.to_make_again(), IsEmpty());
}

TEST(ChunkCutter, NamesNoPredecessorWhereMessagesComeInAnyOrder) {
  ChunkCutter cutter({.max_count = 2}, {.in_order = false, .after = 9});
  for (const std::uint64_t sequence : {12, 11, 3, 4}) {
    add(cutter, sequence);
  }
  EXPECT_THAT(take(cutter), ElementsAre(range(0, 11, 12, 2), range(0, 3, 4, 2)));
}

}  // namespace
}  // namespace nats3::jobs
