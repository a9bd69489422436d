#include "nats/ack_subject.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace nats3::nats {
namespace {

TEST(AckSubjectTest, ReadsTheShortForm) {
  const auto ack = parse_ack_subject("$JS.ACK.ORDERS.job-1.2.1000.7.1669254865123456789.42");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->stream, "ORDERS");
  EXPECT_EQ(ack->consumer, "job-1");
  EXPECT_EQ(ack->delivered, 2U);
  EXPECT_EQ(ack->stream_sequence, 1000U);
  EXPECT_EQ(ack->consumer_sequence, 7U);
  EXPECT_EQ(ack->time.time_since_epoch().count(), 1669254865123456789);
  EXPECT_EQ(ack->pending, 42U);
}

TEST(AckSubjectTest, ReadsTheLongFormWithAndWithoutARandomToken) {
  for (const std::string_view subject :
       {"$JS.ACK._.hash.ORDERS.job.1.2.3.4.5", "$JS.ACK.hub.hash.ORDERS.job.1.2.3.4.5.random"}) {
    const auto ack = parse_ack_subject(subject);
    ASSERT_TRUE(ack) << subject;
    EXPECT_EQ(ack->stream, "ORDERS");
    EXPECT_EQ(ack->consumer, "job");
    EXPECT_EQ(ack->stream_sequence, 2U);
    EXPECT_EQ(ack->pending, 5U);
    EXPECT_EQ(ack_subject_consumer(subject), "ORDERS.job");
  }
  EXPECT_EQ(ack_subject_consumer("$JS.ACK.ORDERS.job.1.2.3.4.5"), "ORDERS.job");
}

// As nats-server 2.9 made it after its disk had been full and it was killed.
TEST(AckSubjectTest, AServerThatLostCountOfItsDeliveriesIsRead) {
  const auto ack = parse_ack_subject("$JS.ACK.S.c.1.47044.0.1795519484282301401.3544");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->stream_sequence, 47'044U);
  EXPECT_EQ(ack->consumer_sequence, 0U);
}

TEST(AckSubjectTest, AnythingElseIsNone) {
  for (const std::string_view subject :
       {"", "$JS.ACK", "$JS.ACK.", "_INBOX.x.1", "$JS.ACK.S.c.1.2.3.4", "$JS.ACK.S.c.1.2.3.4.5.6",
        "$JS.ACK.S.c.0.2.3.4.5", "$JS.ACK.S.c.1.0.3.4.5", "$JS.ACK.S.c.1.2.3.-4.5",
        "$JS.ACK.S.c.1.2.3.4.5x", "$JS.ACK.S.c.1.+2.3.4.5", "$JS.ACK.S.c.1. 2.3.4.5",
        "$JS.ACK.S.c.1.2.3.9223372036854775808.5", "$JS.ACK.S.c.1.18446744073709551616.3.4.5",
        "$JS.ACK..c.1.2.3.4.5", "$JS.ACK.S..1.2.3.4.5", "$js.ack.S.c.1.2.3.4.5"}) {
    EXPECT_FALSE(parse_ack_subject(subject)) << subject;
  }
}

TEST(AckSubjectProperty, HostileTokensNeverLeaveTheSubject) {
  EXPECT_TRUE(rc::check([](const std::string& tail) {
    const std::string subject = "$JS.ACK." + tail;
    const auto ack = parse_ack_subject(subject);
    if (ack) {
      RC_ASSERT(ack->stream.data() >= subject.data());
      RC_ASSERT(ack->consumer.data() + ack->consumer.size() <= subject.data() + subject.size());
    }
    static_cast<void>(ack_subject_consumer(subject));
  }));
}

TEST(AckSubjectProperty, WhatServersWriteIsReadBack) {
  EXPECT_TRUE(rc::check([](std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
    const std::string tail = "S.c." + std::to_string(a | 1) + "." + std::to_string(b | 1) + "." +
                             std::to_string(c | 1) + ".17." + std::to_string(d);
    for (const std::string& subject : {"$JS.ACK." + tail, "$JS.ACK._.h." + tail + ".r"}) {
      const auto ack = parse_ack_subject(subject);
      RC_ASSERT(ack.has_value());
      RC_ASSERT(ack->delivered == (a | 1));
      RC_ASSERT(ack->stream_sequence == (b | 1));
      RC_ASSERT(ack->consumer_sequence == (c | 1));
      RC_ASSERT(ack->pending == d);
    }
  }));
}

}  // namespace
}  // namespace nats3::nats
