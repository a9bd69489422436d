#include "jobs/store/pending_chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;

Timestamp at(std::int64_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; }

std::shared_ptr<const nats::DeliveryBatch> batch(std::vector<nats::Delivery> deliveries) {
  return std::make_shared<const nats::DeliveryBatch>(std::move(deliveries), nullptr);
}

nats::Delivery delivery(std::uint64_t sequence, std::int64_t seconds, std::string_view ack = "") {
  return {.message = {.sequence = sequence, .time = at(seconds), .subject = "s", .payload = "abc"},
          .ack_subject = ack};
}

std::vector<std::uint64_t> sequences(const PendingChunk& chunk) {
  std::vector<std::uint64_t> out;
  for (const auto* message : chunk.messages()) {
    out.push_back(message->sequence);
  }
  return out;
}

TEST(PendingChunk, CountsWhatItHolds) {
  PendingChunk chunk;
  EXPECT_TRUE(chunk.empty());
  const auto one = batch({delivery(5, 1), delivery(6, 2)});
  chunk.add(one, 0);
  chunk.add(one, 1);
  EXPECT_EQ(chunk.count(), 2);
  EXPECT_EQ(chunk.bytes(), 8);
  EXPECT_EQ(chunk.last_sequence(), 6);
  EXPECT_EQ(chunk.oldest(), at(1));
}

TEST(PendingChunk, TellsItsRange) {
  PendingChunk chunk;
  // A clock that stepped back between two messages.
  const auto one = batch({delivery(5, 10), delivery(7, 8), delivery(9, 12)});
  for (std::size_t i = 0; i < 3; ++i) {
    chunk.add(one, i);
  }
  EXPECT_EQ(chunk.seal(4), (ChunkRange{.previous = 4,
                                       .first = 5,
                                       .last = 9,
                                       .count = 3,
                                       .time_min = at(8),
                                       .time_max = at(12)}));
}

TEST(PendingChunk, SortsAndDropsWhatWasDeliveredAgain) {
  PendingChunk chunk;
  const auto one = batch({delivery(7, 1, "a7"), delivery(5, 2, "a5"), delivery(7, 1, "a7again")});
  const auto two = batch({delivery(6, 3, "a6")});
  for (std::size_t i = 0; i < 3; ++i) {
    chunk.add(one, i);
  }
  chunk.add(two, 0);
  EXPECT_EQ(chunk.seal(0).count, 3);
  EXPECT_THAT(sequences(chunk), ElementsAre(5, 6, 7));
  EXPECT_THAT(chunk.ack_subjects(), ElementsAre("a7", "a5", "a7again", "a6"));
}

TEST(PendingChunk, KeepsTheMemoryOfItsMessages) {
  class Storage final : public nats::DeliveryBatch::Storage {
   public:
    explicit Storage(bool& released) : released_(released) {}
    ~Storage() override { released_ = true; }

   private:
    bool& released_;
  };
  bool released = false;
  PendingChunk chunk;
  chunk.add(std::make_shared<const nats::DeliveryBatch>(std::vector{delivery(1, 1)},
                                                        std::make_unique<Storage>(released)),
            0);
  EXPECT_FALSE(released);
  chunk = {};
  EXPECT_TRUE(released);
}

TEST(PendingChunk, TellsTheSameWithoutItsMessages) {
  PendingChunk chunk;
  auto one = batch({delivery(5, 1, "a5"), delivery(6, 2, "a6")});
  chunk.add(one, 0);
  chunk.add(one, 1);
  const std::weak_ptr<const nats::DeliveryBatch> messages = one;
  one.reset();
  chunk.seal(4);
  EXPECT_FALSE(messages.expired());
  chunk.release_messages(true);
  EXPECT_TRUE(messages.expired());
  EXPECT_FALSE(chunk.empty());
  EXPECT_EQ(chunk.count(), 2);
  EXPECT_EQ(chunk.bytes(), 8);
  EXPECT_EQ(chunk.last_sequence(), 6);
  EXPECT_EQ(chunk.oldest(), at(1));
  EXPECT_THAT(chunk.ack_subjects(), ElementsAre("a5", "a6"));
}

}  // namespace
}  // namespace nats3::jobs
