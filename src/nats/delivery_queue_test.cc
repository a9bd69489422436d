#include "nats/delivery_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nats3::nats {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kAny = SIZE_MAX;

// Counts in `released` when its memory ends.
struct Memory : DeliveryBatch::Storage {
  explicit Memory(int* released) : released_(released) {}
  ~Memory() override { ++*released_; }
  int* released_;
};

// Of three bytes each, and two of an ack subject.
DeliveryBatch batch(std::uint64_t first, std::size_t count, int& released) {
  std::vector<Delivery> deliveries;
  for (std::uint64_t sequence = first; sequence < first + count; ++sequence) {
    deliveries.push_back(
        {.message = {.sequence = sequence, .subject = "s", .payload = "ab"}, .ack_subject = "ac"});
  }
  return {std::move(deliveries), std::make_shared<Memory>(&released)};
}

std::vector<std::uint64_t> sequences(const DeliveryBatch& batch) {
  std::vector<std::uint64_t> out;
  for (const Delivery& delivery : batch.deliveries()) {
    out.push_back(delivery.message.sequence);
  }
  return out;
}

TEST(DeliveryQueueTest, HandsOutBatchesAsTheyCame) {
  int released = 0;
  DeliveryQueue queue;
  EXPECT_TRUE(queue.take({.max_messages = kAny, .max_bytes = kAny}).empty());
  queue.push({});
  EXPECT_TRUE(queue.empty());
  queue.push(batch(1, 2, released));
  queue.push(batch(3, 1, released));
  EXPECT_EQ(queue.messages(), 3U);
  EXPECT_EQ(queue.bytes(), 15U);
  EXPECT_THAT(sequences(queue.take({.max_messages = 2, .max_bytes = 6})), ElementsAre(1, 2));
  EXPECT_EQ(released, 1);
  EXPECT_EQ(queue.messages(), 1U);
  EXPECT_EQ(queue.bytes(), 5U);
  EXPECT_THAT(sequences(queue.take({.max_messages = kAny, .max_bytes = kAny})), ElementsAre(3));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(DeliveryQueueTest, PartsOfABatchKeepItsMemory) {
  int released = 0;
  DeliveryQueue queue;
  queue.push(batch(1, 5, released));
  DeliveryBatch first = queue.take({.max_messages = 2, .max_bytes = kAny});
  EXPECT_THAT(sequences(first), ElementsAre(1, 2));
  EXPECT_THAT(sequences(queue.take({.max_messages = kAny, .max_bytes = 1})), ElementsAre(3))
      << "one at least";
  EXPECT_THAT(sequences(queue.take({.max_messages = 0, .max_bytes = kAny})), IsEmpty());
  EXPECT_EQ(queue.messages(), 2U);
  EXPECT_EQ(queue.bytes(), 10U);
  EXPECT_THAT(sequences(queue.take({.max_messages = kAny, .max_bytes = 6})), ElementsAre(4, 5));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(released, 0);
  first = {};
  EXPECT_EQ(released, 1);
}

}  // namespace
}  // namespace nats3::nats
