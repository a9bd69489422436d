// The contract of a Broker: streams, and what is published into them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/nats_contract.h"

namespace nats3::test {
namespace {

using ::testing::ElementsAre;

TYPED_TEST(BrokerContract, DescribesAStream) {
  EXPECT_EQ(this->broker().stream_info("S").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(this->broker().streams_of_subject("S.a").error().code, ErrorCode::kNotFound);
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  const auto empty = this->broker().stream_info("S");
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->first_sequence, 0U);
  EXPECT_EQ(empty->last_sequence, 0U);
  EXPECT_EQ(empty->messages, 0U);
  EXPECT_THAT(empty->subjects, ElementsAre("S.>"));
  EXPECT_THAT(*this->broker().streams_of_subject("S.a"), ElementsAre("S"));
  EXPECT_THAT(*this->broker().streams_of_subject("*.a"), ElementsAre("S"));
  ASSERT_TRUE(this->publish("S.a", "1"));
  ASSERT_TRUE(this->publish("S.a", "2"));
  this->brokers_.purge_below("S", 2);
  const auto purged = this->broker().stream_info("S");
  EXPECT_EQ(purged->first_sequence, 2U);
  EXPECT_EQ(purged->last_sequence, 2U);
  EXPECT_EQ(purged->messages, 1U);
}

TYPED_TEST(BrokerContract, AStreamMadeAgainIsNew) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  ASSERT_TRUE(this->publish("S.a", "1"));
  const auto before = this->broker().stream_info("S");
  const auto source = this->open(this->options(false));
  this->receive(*source, 1);  // its request has arrived
  this->brokers_.delete_stream("S");
  EXPECT_EQ(this->broker().stream_info("S").error().code, ErrorCode::kNotFound);
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  const auto after = this->broker().stream_info("S");
  EXPECT_GT(after->created, before->created);
  EXPECT_EQ(after->last_sequence, 0U);
  EXPECT_EQ(this->end_of(*source), ErrorCode::kUnavailable);
}

TYPED_TEST(BrokerContract, GivesStoredMessagesWhole) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  ASSERT_TRUE(
      this->publish("S.a", std::string_view("a\0b", 3), {{"b", "2"}, {"A", ""}, {"b", "1"}}));
  const auto stored = this->broker().get_message("S", 1);
  ASSERT_TRUE(stored) << stored.error().message;
  const archive::Message& message = stored->message();
  EXPECT_EQ(message.subject, "S.a");
  EXPECT_EQ(message.payload, std::string_view("a\0b", 3));
  EXPECT_THAT(message.headers,
              ElementsAre(archive::HeaderField{"A", ""}, archive::HeaderField{"b", "2"},
                          archive::HeaderField{"b", "1"}));
  const auto source = this->open(this->options(false));
  bool equal = false;
  EXPECT_TRUE(eventually([&] {
    auto batch = source->fetch({.max_messages = 1, .max_bytes = 1});
    equal = batch && !batch->empty() && batch->deliveries()[0].message == message;
    return !batch || !batch->empty();
  }));
  EXPECT_TRUE(equal) << "delivered and read are the same";
  EXPECT_EQ(this->broker().get_message("S", 2).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(this->broker().get_message("T", 1).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(this->broker().get_message("S", 0).error().code, ErrorCode::kInvalid);
}

TYPED_TEST(BrokerContract, FindsTheNextMessageOfASubject) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  ASSERT_TRUE(this->publish("S.a", "1"));
  ASSERT_TRUE(this->publish("S.b", "2"));
  ASSERT_TRUE(this->publish("S.a", "3"));
  const auto sequence = [&](const std::string& filter, std::uint64_t from) {
    const auto next = this->broker().next_message("S", filter, from);
    return next ? next->message().sequence : 0;
  };
  EXPECT_EQ(sequence("S.a", 1), 1U);
  EXPECT_EQ(sequence("S.a", 2), 3U);
  EXPECT_EQ(sequence("S.>", 2), 2U);
  EXPECT_EQ(sequence("", 2), 2U);
  EXPECT_EQ(this->broker().next_message("S", "S.b", 3).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(this->broker().next_message("S", "S.>", 9).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(this->broker().next_message("T", "S.>", 1).error().code, ErrorCode::kUnavailable);
}

TYPED_TEST(BrokerContract, AFullStreamRefusesOrDropsTheOldest) {
  this->brokers_.make_stream("S", {.retention = nats::Retention::kLimits,
                                   .max_messages = 3,
                                   .max_per_subject = 2,
                                   .discard_new = true});
  const auto info = this->broker().stream_info("S");
  EXPECT_TRUE(info->refuses_when_full);
  EXPECT_TRUE(info->acknowledges);
  EXPECT_EQ(info->max_per_subject, 2U);
  ASSERT_TRUE(this->publish("S.a", "1", {{"Nats-Msg-Id", "1"}}));
  ASSERT_TRUE(this->publish("S.b", "2", {{"Nats-Msg-Id", "2"}}));
  ASSERT_TRUE(this->publish("S.c", "3", {{"Nats-Msg-Id", "3"}}));
  EXPECT_EQ(this->publish("S.d", "4", {{"Nats-Msg-Id", "4"}}).error().code,
            ErrorCode::kUnavailable);
  this->brokers_.remove_message("S", 1);
  // What was refused isn't remembered.
  EXPECT_TRUE(this->publish("S.e", "5", {{"Nats-Expected-Last-Msg-Id", "3"}}));
  this->brokers_.make_stream("T", {.retention = nats::Retention::kLimits, .max_per_subject = 2});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(this->publish("T.a", "x"));
    ASSERT_TRUE(this->publish("T.b", "x"));
  }
  EXPECT_FALSE(this->broker().stream_info("T")->refuses_when_full);
  EXPECT_EQ(this->broker().stream_info("T")->first_sequence, 3U);
  EXPECT_EQ(this->broker().stream_info("T")->messages, 4U);
}

TYPED_TEST(BrokerContract, TellsAStreamThatDoesNotAcknowledge) {
  this->brokers_.make_stream("S", {.retention = nats::Retention::kLimits, .no_ack = true});
  EXPECT_FALSE(this->broker().stream_info("S")->acknowledges);
}

TYPED_TEST(BrokerContract, PublishesMeetExpectationsAndIds) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  EXPECT_EQ(this->publish("S.a", "1", {{"Nats-Msg-Id", "one"}})->sequence, 1U);
  const auto repeat = this->publish("S.a", "1", {{"Nats-Msg-Id", "one"}});
  EXPECT_TRUE(repeat->duplicate);
  EXPECT_EQ(repeat->sequence, 1U);
  EXPECT_EQ(this->publish("S.a", "2", {{"Nats-Expected-Last-Sequence", "7"}}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(this->publish("S.a", "2", {{"Nats-Expected-Last-Msg-Id", "two"}}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(this->publish("S.b", "2", {{"Nats-Expected-Last-Subject-Sequence", "1"}}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(this->publish("S.a", "2", {{"Nats-Expected-Stream", "T"}}).error().code,
            ErrorCode::kInvalid);
  EXPECT_TRUE(this->publish("S.a", "2",
                            {{"Nats-Expected-Last-Msg-Id", "one"},
                             {"Nats-Expected-Last-Sequence", "1"},
                             {"Nats-Expected-Stream", "S"}}));
  EXPECT_EQ(this->publish("T.a", "x").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(this->publish("S.>", "x").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(this->publish("S.a", std::string(2 << 20, 'x')).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(this->broker().stream_info("S")->last_sequence, 2U);
}

}  // namespace
}  // namespace nats3::test
