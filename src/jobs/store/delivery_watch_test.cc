#include "jobs/store/delivery_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nats/memory/memory_broker.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

// A work queue's consumer.
class DeliveryWatchTest : public ::testing::Test {
 protected:
  DeliveryWatchTest() {
    broker_.make_stream("Q", {.subjects = {"q.>"}, .retention = nats::Retention::kWorkQueue});
    open();
    watch_.left(source_->pending_at_open(), clock_.monotonic());
  }

  void open(std::chrono::milliseconds ack_wait = 30s) {
    auto source = broker_.open_source({.stream = "Q",
                                       .filter_subject = "q.>",
                                       .consumer = "c",
                                       .explicit_ack = true,
                                       .ack_wait = ack_wait});
    EXPECT_TRUE(source);
    source_ = std::move(*source);
  }
  // Looks twice a second.
  Result<void> look_for(std::chrono::seconds time, const DeliveryWatch::Held& held) {
    Result<void> looked;
    for (const MonotonicTime end = clock_.monotonic() + time; looked && clock_.monotonic() < end;) {
      clock_.advance(500ms);
      looked = watch_.look(held, clock_.monotonic());
    }
    return looked;
  }

  ManualClock clock_;
  nats::MemoryBroker broker_{clock_};
  StoreSpec spec_{.stream = "Q", .subject = "q.>"};
  std::unique_ptr<nats::Source> source_;
  DeliveryWatch watch_{broker_, spec_, {.durable = "c", .of_work_queue = true}};
};

TEST_F(DeliveryWatchTest, SilenceIsRightWhereNothingWaits) {
  EXPECT_TRUE(look_for(1h, {}));
  EXPECT_EQ(watch_.pending(), 0U);
}

TEST_F(DeliveryWatchTest, AConsumerThatDeliversNothingOfWhatWaitsIsTold) {
  broker_.publish("q.a", "x");
  EXPECT_TRUE(look_for(129s, {}));
  const auto told = look_for(2s, {});
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(told.error().message, HasSubstr("has delivered nothing for 2m"));
  EXPECT_EQ(watch_.pending(), 1U);
}

TEST_F(DeliveryWatchTest, EachDeliveryBeginsAnew) {
  broker_.publish("q.a", "x");
  EXPECT_TRUE(look_for(100s, {}));
  watch_.left(1, clock_.monotonic());
  EXPECT_TRUE(look_for(129s, {}));
  EXPECT_FALSE(look_for(2s, {}));
}

// It came after all that there was had been fetched.
TEST_F(DeliveryWatchTest, AMessageThatHasJustComeMayWait) {
  EXPECT_TRUE(look_for(119s, {}));
  broker_.publish("q.a", "x");
  EXPECT_TRUE(look_for(2s, {}));
  EXPECT_FALSE(source_->fetch({.max_messages = 1, .max_bytes = 1})->empty());
  broker_.publish("q.a", "x");
  EXPECT_TRUE(look_for(10s, {})) << "the consumer has moved on";
}

// It is the job's turn to acknowledge.
TEST_F(DeliveryWatchTest, WhileTheJobHoldsMessagesSilenceIsRight) {
  broker_.publish("q.a", "x");
  EXPECT_TRUE(look_for(1h, {.deliveries = 1}));
  EXPECT_TRUE(look_for(1h, {.has_room = false}));
  EXPECT_EQ(watch_.pending(), 1U);
}

// Nothing is asked of it before an ack wait has passed.
TEST_F(DeliveryWatchTest, AConsumerOfALongAckWaitMayBeSilentForLonger) {
  broker_.delete_consumer("Q", "c");
  open(10min);
  broker_.publish("q.a", "x");
  EXPECT_TRUE(look_for(19min, {}));
  EXPECT_FALSE(look_for(3min, {}));
}

TEST_F(DeliveryWatchTest, WithoutRoomItIsAskedOften) {
  broker_.publish("q.a", "x");
  EXPECT_TRUE(look_for(3s, {.has_room = false}));
  EXPECT_EQ(watch_.pending(), 1U);
}

TEST_F(DeliveryWatchTest, WithoutAcknowledgementsTheStreamIsCounted) {
  broker_.make_stream("S", {.subjects = {"s.>"}});
  for (int i = 0; i < 5; ++i) {
    broker_.publish("s.a", "x");
  }
  const StoreSpec spec{.stream = "S", .subject = "s.>"};
  DeliveryWatch watch(broker_, spec, {});
  watch.left(9, clock_.monotonic());
  clock_.advance(2s);
  EXPECT_TRUE(watch.look({.reached = 2, .has_room = false}, clock_.monotonic()));
  EXPECT_EQ(watch.pending(), 3U);
}

// Messages that were deleted before their turn.
TEST_F(DeliveryWatchTest, WhatWasLeftAndIsGoneDoesntWait) {
  watch_.left(3, clock_.monotonic());
  EXPECT_TRUE(look_for(2s, {}));
  EXPECT_EQ(watch_.pending(), 0U);
  broker_.make_stream("S", {.subjects = {"s.>"}});
  const StoreSpec spec{.stream = "S", .subject = "s.>"};
  DeliveryWatch watch(broker_, spec, {});
  watch.left(3, clock_.monotonic());
  clock_.advance(2s);
  EXPECT_TRUE(watch.look({.reached = 2}, clock_.monotonic()));
  EXPECT_EQ(watch.pending(), 0U);
}

// At the end of what is delivered nothing else tells.
TEST_F(DeliveryWatchTest, WhatWaitsBehindTheLastDeliveryAndIsNotDeliveredIsTold) {
  broker_.make_stream("S", {.subjects = {"s.>"}});
  for (int i = 0; i < 5; ++i) {
    broker_.publish("s.a", "x");
  }
  const StoreSpec spec{.stream = "S", .subject = "s.>"};
  DeliveryWatch watch(broker_, spec, {});
  watch.left(0, clock_.monotonic());
  clock_.advance(1s);
  EXPECT_TRUE(watch.look({.reached = 2}, clock_.monotonic())) << "it may have just come";
  EXPECT_EQ(watch.pending(), 1U);
  clock_.advance(2s);
  const auto told = watch.look({.reached = 2}, clock_.monotonic());
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(told.error().message, HasSubstr("message 3 of stream S waits"));
}

TEST_F(DeliveryWatchTest, WhatAQueuesConsumerPassedOverIsToldAndTheConsumerGoes) {
  broker_.publish("q.a", "x");
  broker_.pass_over("Q");
  EXPECT_TRUE(look_for(2s, {}));
  EXPECT_EQ(watch_.pending(), 1U) << "the consumer counts none";
  EXPECT_TRUE(look_for(8s, {}));
  const auto told = look_for(2s, {});
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(told.error().message, HasSubstr("has passed over message 1"));
  EXPECT_EQ(broker_.consumer_position("Q", "c").error().code, ErrorCode::kNotFound);
}

// As in a queue that is never silent.
TEST_F(DeliveryWatchTest, WhatWasPassedOverIsFoundAmongDeliveriesToo) {
  broker_.publish("q.a", "x");
  broker_.pass_over("Q");
  Result<void> looked;
  for (int seconds = 0; looked && seconds < 135; ++seconds) {
    looked = look_for(1s, {.deliveries = 1, .first = 7});
    watch_.left(0, clock_.monotonic());
  }
  ASSERT_FALSE(looked);
  EXPECT_THAT(looked.error().message, HasSubstr("has passed over message 1"));
}

TEST_F(DeliveryWatchTest, WhatTheJobHoldsWasNotPassedOver) {
  broker_.publish("q.a", "x");
  broker_.pass_over("Q");
  EXPECT_TRUE(look_for(1h, {.deliveries = 1, .first = 1}));
}

}  // namespace
}  // namespace nats3::jobs
