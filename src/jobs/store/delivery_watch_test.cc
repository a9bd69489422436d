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
  DeliveryWatch watch_{broker_, spec_, "c"};
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
  DeliveryWatch watch(broker_, spec, "");
  watch.left(9, clock_.monotonic());
  clock_.advance(2s);
  EXPECT_TRUE(watch.look({.reached = 2}, clock_.monotonic()));
  EXPECT_EQ(watch.pending(), 9U) << "deliveries will tell";
  EXPECT_TRUE(watch.look({.reached = 2, .has_room = false}, clock_.monotonic()));
  EXPECT_EQ(watch.pending(), 3U);
}

}  // namespace
}  // namespace nats3::jobs
