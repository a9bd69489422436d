// The contract of a Broker: what its sources deliver, and acknowledgements.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nats/headers.h"
#include "tests/integration/nats_contract.h"

namespace nats3::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TYPED_TEST(BrokerContract, DeliversFromTheStartSequenceOverGaps) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  this->fill(6);
  this->brokers_.remove_message("S", 4);
  const auto source = this->open(this->options(false, 3));
  const auto received = this->receive(*source, 3);
  EXPECT_THAT(received.sequences, ElementsAre(3, 5, 6));
  EXPECT_EQ(received.pending, 0U);
  ASSERT_TRUE(this->publish("S.a", "x"));
  EXPECT_THAT(this->receive(*source, 1).sequences, ElementsAre(7));
}

TYPED_TEST(BrokerContract, DeliversHeadersAloneAndTellsHowManyThereAre) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(this->publish("S.a", "payload", {{"Nats-Msg-Id", std::to_string(i)}}));
  }
  this->brokers_.remove_message("S", 4);
  nats::SourceOptions headers = this->options(false, 3);
  headers.filter_subject = "";
  headers.headers_only = true;
  const auto source = this->open(headers);
  EXPECT_EQ(source->pending_at_open(), 3U);
  std::vector<std::string> ids;
  ASSERT_TRUE(eventually([&] {
    auto batch = source->fetch({.max_messages = 10, .max_bytes = 1 << 20});
    EXPECT_TRUE(batch);
    for (const auto& delivery : batch->deliveries()) {
      EXPECT_EQ(delivery.message.payload, "");
      ids.emplace_back(nats::find_header(delivery.message.headers, "Nats-Msg-Id"));
    }
    return ids.size() >= 3;
  }));
  EXPECT_THAT(ids, ElementsAre("2", "4", "5"));
  EXPECT_EQ(this->open(this->options(false, 7))->pending_at_open(), 0U);
}

TYPED_TEST(BrokerContract, AWorkQueueRedeliversUntilAcknowledged) {
  this->brokers_.make_stream("S", nats::Retention::kWorkQueue);
  this->fill(3);
  const auto source = this->open(this->options(true));
  const auto first = this->receive(*source, 3);
  EXPECT_THAT(first.sequences, ElementsAre(1, 2, 3));
  EXPECT_THAT(first.delivered, ElementsAre(1, 1, 1));
  ASSERT_TRUE(source->ack({first.ack_subjects[1]}));
  EXPECT_EQ(this->broker().stream_info("S")->messages, 2U);
  this->brokers_.wait_out_ack_wait();
  const auto again = this->receive(*source, 2);
  EXPECT_THAT(again.sequences, ::testing::UnorderedElementsAre(1, 3));
  EXPECT_THAT(again.delivered, ElementsAre(2, 2));
  ASSERT_TRUE(source->ack(again.ack_subjects));
  EXPECT_EQ(this->broker().stream_info("S")->messages, 0U);
}

TYPED_TEST(BrokerContract, AWorkQueueFilterBelongsToOneConsumer) {
  this->brokers_.make_stream("S", nats::Retention::kWorkQueue);
  const auto source = this->open(this->options(true));
  nats::SourceOptions other = this->options(true);
  other.consumer = "other";
  const auto refused = this->broker().open_source(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("consumer c "));
  nats::SourceOptions narrower = this->options(true);
  narrower.filter_subject = "S.a";
  EXPECT_EQ(this->broker().open_source(narrower).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(this->broker().open_source(this->options(false)).error().code, ErrorCode::kInvalid);
}

TYPED_TEST(BrokerContract, ADeletedConsumerEndsItsSource) {
  this->brokers_.make_stream("S", nats::Retention::kWorkQueue);
  this->fill(1);
  const auto source = this->open(this->options(true));
  this->receive(*source, 1);  // its request has arrived
  this->brokers_.delete_consumer("S", "c");
  EXPECT_EQ(this->end_of(*source), ErrorCode::kUnavailable);
}

TYPED_TEST(BrokerContract, ADurableTellsUpToWhereItWasAcknowledged) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  EXPECT_EQ(this->broker().consumer_position("S", "c").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(this->broker().consumer_position("T", "c").error().code, ErrorCode::kNotFound);
  const auto source = this->open(this->options(true));
  this->fill(4);
  const auto received = this->receive(*source, 4);
  ASSERT_TRUE(
      source->ack({received.ack_subjects[0], received.ack_subjects[1], received.ack_subjects[3]}));
  const auto position = this->broker().consumer_position("S", "c");
  ASSERT_TRUE(position) << position.error().message;
  EXPECT_TRUE(position->explicit_ack);
  EXPECT_EQ(position->filter, this->options(true).filter_subject);
  EXPECT_EQ(position->ack_floor, 2U);
  EXPECT_EQ(position->pending, 0U);
  ASSERT_TRUE(this->publish("S.a", "x"));
  ASSERT_TRUE(this->publish("S.a", "x"));
  EXPECT_EQ(this->open(this->options(true))->pending_at_open(), 3U) << "one comes again";
  EXPECT_GT(source->max_unacknowledged(), 1'000U);
}

TYPED_TEST(BrokerContract, ADurableOfALimitsStreamIsMadeAtTheStartGiven) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  this->fill(4);
  nats::SourceOptions options = this->options(true);
  options.start_sequence = 3;
  EXPECT_THAT(this->receive(*this->open(options), 2).sequences, ElementsAre(3, 4));
}

TYPED_TEST(BrokerContract, ADurableIsPreparedWithoutTakingMessages) {
  EXPECT_EQ(this->broker().prepare_consumer(this->options(true)).error().code,
            ErrorCode::kNotFound);
  this->brokers_.make_stream("S", nats::Retention::kWorkQueue);
  this->fill(4);
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(this->broker().prepare_consumer(this->options(true)));
    const auto position = this->broker().consumer_position("S", "c");
    ASSERT_TRUE(position) << position.error().message;
    EXPECT_EQ(position->delivered, 0U);
    EXPECT_EQ(position->pending, 4U);
  }
  EXPECT_THAT(this->receive(*this->open(this->options(true)), 4).sequences,
              ElementsAre(1, 2, 3, 4));
}

TYPED_TEST(BrokerContract, ADurableWaitsNoMoreForWhatIsRemoved) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  this->fill(6);
  const auto source = this->open(this->options(true));
  this->receive(*source, 6);
  const auto stands_at = [&](std::uint64_t floor, std::uint64_t unacknowledged) {
    const auto position = this->broker().consumer_position("S", "c");
    return position && position->ack_floor == floor && position->unacknowledged == unacknowledged;
  };
  this->brokers_.remove_message("S", 2);
  EXPECT_TRUE(eventually([&] { return stands_at(0, 5); }));
  this->brokers_.remove_message("S", 1);
  EXPECT_TRUE(eventually([&] { return stands_at(2, 4); }));
}

// 2.9 finds out when they are due again, and its floor stays until it waits for none.
TYPED_TEST(BrokerContract, ADurableWaitsNoMoreForWhatWasPurged) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  this->fill(6);
  const auto source = this->open(this->options(true));
  this->receive(*source, 6);
  this->brokers_.purge_below("S", 5);
  this->brokers_.wait_out_ack_wait();
  const auto again = this->receive(*source, 2);
  EXPECT_THAT(again.sequences, ::testing::UnorderedElementsAre(5, 6));
  EXPECT_EQ(this->broker().consumer_position("S", "c")->unacknowledged, 2U);
  ASSERT_TRUE(source->ack(again.ack_subjects));
  EXPECT_TRUE(
      eventually([&] { return this->broker().consumer_position("S", "c")->ack_floor == 6; }));
}

TYPED_TEST(BrokerContract, AnInterestStreamKeepsWhatAConsumerHasToAcknowledge) {
  this->brokers_.make_stream("S", nats::Retention::kInterest);
  this->fill(1);
  EXPECT_EQ(this->broker().stream_info("S")->messages, 0U) << "nobody has a use for it";
  const auto one = this->open(this->options(true));
  nats::SourceOptions options = this->options(true);
  options.consumer = "d";
  const auto other = this->open(options);
  this->fill(2);
  const auto first = this->receive(*one, 2);
  EXPECT_THAT(first.sequences, ElementsAre(2, 3));
  ASSERT_TRUE(one->ack(first.ack_subjects));
  EXPECT_EQ(this->broker().stream_info("S")->messages, 2U);
  ASSERT_TRUE(other->ack({this->receive(*other, 2).ack_subjects[1]}));
  EXPECT_TRUE(eventually([&] { return this->broker().stream_info("S")->messages == 1; }));
}

}  // namespace
}  // namespace nats3::test
