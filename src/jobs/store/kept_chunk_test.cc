#include "jobs/store/kept_chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/store/pending_chunk_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;

TEST(KeptChunk, CountsWhatItHolds) {
  KeptChunk chunk(kChunkSpec);
  EXPECT_TRUE(chunk.empty());
  const auto one = make_batch({make_delivery(5, 1), make_delivery(6, 2)});
  chunk.add(one, 0);
  chunk.add(one, 1);
  EXPECT_EQ(chunk.count(), 2);
  EXPECT_EQ(chunk.bytes(), 8);
  EXPECT_EQ(chunk.held_bytes(), 8);
  EXPECT_EQ(chunk.last_sequence(), 6);
  EXPECT_EQ(chunk.oldest(), at(1));
}

TEST(KeptChunk, TellsItsRange) {
  KeptChunk chunk(kChunkSpec, 4);
  // A clock that stepped back between two messages.
  add_all(chunk, {make_delivery(5, 10), make_delivery(7, 8), make_delivery(9, 12)});
  EXPECT_EQ(chunk.seal(), (ChunkRange{.previous = 4,
                                      .first = 5,
                                      .last = 9,
                                      .count = 3,
                                      .time_min = at(8),
                                      .time_max = at(12)}));
}

TEST(KeptChunk, SortsAndDropsWhatWasDeliveredAgain) {
  KeptChunk chunk(kChunkSpec);
  add_all(chunk,
          {make_delivery(7, 1, "a7"), make_delivery(5, 2, "a5"), make_delivery(7, 1, "a7again")});
  add_all(chunk, {make_delivery(6, 3, "a6")});
  EXPECT_EQ(chunk.seal().count, 3);
  EXPECT_THAT(sequences(chunk.encode()), ElementsAre(5, 6, 7));
  EXPECT_THAT(chunk.ack_subjects(), ElementsAre("a7", "a5", "a7again", "a6"));
}

TEST(KeptChunk, KeepsTheMemoryOfItsMessages) {
  auto one = make_batch({make_delivery(1, 1)});
  const std::weak_ptr<const nats::DeliveryBatch> messages = one;
  {
    KeptChunk chunk(kChunkSpec);
    chunk.add(one, 0);
    one.reset();
    EXPECT_FALSE(messages.expired());
  }
  EXPECT_TRUE(messages.expired());
}

TEST(KeptChunk, TellsTheSameWithoutItsMessages) {
  KeptChunk chunk(kChunkSpec, 4);
  auto one = make_batch({make_delivery(5, 1, "a5"), make_delivery(6, 2, "a6")});
  chunk.add(one, 0);
  chunk.add(one, 1);
  const std::weak_ptr<const nats::DeliveryBatch> messages = one;
  one.reset();
  chunk.seal();
  EXPECT_FALSE(messages.expired());
  chunk.release_messages(true);
  EXPECT_TRUE(messages.expired());
  EXPECT_FALSE(chunk.empty());
  EXPECT_EQ(chunk.count(), 2);
  EXPECT_EQ(chunk.bytes(), 8);
  EXPECT_EQ(chunk.held_bytes(), 0);
  EXPECT_EQ(chunk.last_sequence(), 6);
  EXPECT_EQ(chunk.oldest(), at(1));
  EXPECT_THAT(chunk.ack_subjects(), ElementsAre("a5", "a6"));
}

}  // namespace
}  // namespace nats3::jobs
