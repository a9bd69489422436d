// The Sink against a real nats-server.
#include <fmt/format.h>

#include <atomic>
#include <map>

#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using ::testing::HasSubstr;

class NatsSinkTest : public NatsTest {
 protected:
  std::unique_ptr<nats::Sink> open(nats::SinkOptions options = {}) {
    auto sink = broker_->open_sink(options);
    EXPECT_TRUE(sink) << sink.error().message;
    return sink ? std::move(*sink) : nullptr;
  }
  // Outcomes by token, once `count` have arrived.
  static std::map<std::uint64_t, Result<nats::PublishAck>> outcomes(nats::Sink& sink,
                                                                    std::size_t count) {
    std::map<std::uint64_t, Result<nats::PublishAck>> all;
    EXPECT_TRUE(eventually([&] {
      for (auto& outcome : sink.take_outcomes()) {
        EXPECT_TRUE(all.emplace(outcome.token, outcome.ack).second) << "two outcomes of a message";
      }
      return all.size() >= count;
    })) << all.size();
    return all;
  }
};

TEST_F(NatsSinkTest, AWindowOfFourThousandIsAcknowledgedInFull) {
  make_stream("S");
  const auto sink = open();
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    const std::string id = fmt::format("id-{}", i);
    const std::vector<archive::HeaderField> headers{{"Nats-Msg-Id", id}};
    ASSERT_TRUE(sink->publish({"S.a", headers, "payload"}, 100 + i));
  }
  ASSERT_TRUE(sink->flush());
  const auto all = outcomes(*sink, 4'000);
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    const auto& ack = all.at(100 + i);
    ASSERT_TRUE(ack) << ack.error().message;
    ASSERT_EQ(ack->sequence, i + 1) << "published in order";
    ASSERT_EQ(ack->stream, "S");
    ASSERT_FALSE(ack->duplicate);
  }
}

// What a replay relies on: nats-server takes the first place where the name is.
TEST_F(NatsSinkTest, AMessageIdIsHeardWhenItComesBeforeWhatMentionsIt) {
  make_stream("S");
  const auto sink = open();
  const std::vector<archive::HeaderField> headers{
      {"Nats-Msg-Id", "same"}, {"A", "no Nats-Msg-Id"}, {"App-Nats-Msg-Id", "x"}};
  ASSERT_TRUE(sink->publish({"S.a", headers, "1"}, 1));
  ASSERT_TRUE(sink->publish({"S.a", headers, "2"}, 2));
  EXPECT_TRUE(outcomes(*sink, 2).at(2)->duplicate);
}

TEST_F(NatsSinkTest, ARepeatedMessageIdIsADuplicate) {
  make_stream("S");
  const auto sink = open();
  const std::vector<archive::HeaderField> headers{{"Nats-Msg-Id", "same"}};
  ASSERT_TRUE(sink->publish({"S.a", headers, "1"}, 1));
  ASSERT_TRUE(sink->publish({"S.a", headers, "2"}, 2));
  const auto all = outcomes(*sink, 2);
  EXPECT_FALSE(all.at(1)->duplicate);
  EXPECT_TRUE(all.at(2)->duplicate);
  EXPECT_EQ(all.at(2)->sequence, 1U);
}

TEST_F(NatsSinkTest, AMessageAboveTheServersLimitIsRefusedNamingBothSizes) {
  make_stream("S");
  const auto sink = open();
  const std::string payload(1'048'577, 'x');
  const auto refused = sink->publish({"S.a", {}, payload}, 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("1048577"));
  EXPECT_THAT(refused.error().message, HasSubstr("1048576"));
  // With headers the payload has less room.
  const std::vector<archive::HeaderField> headers{{"A", "b"}};
  EXPECT_FALSE(sink->publish({"S.a", headers, std::string_view(payload).substr(0, 1'048'570)}, 2));
  EXPECT_TRUE(
      sink->publish({"S.a", headers, std::string_view(payload).substr(0, 1'048'576 - 18)}, 3));
  EXPECT_TRUE(sink->publish({"S.a", {}, std::string_view(payload).substr(0, 1'048'576)}, 4));
  const auto all = outcomes(*sink, 2);
  EXPECT_TRUE(all.at(3)) << all.at(3).error().message;
  EXPECT_TRUE(all.at(4)) << all.at(4).error().message;
}

TEST_F(NatsSinkTest, AMessageAboveTheStreamsLimitIsInvalid) {
  make_stream("S", {{"max_msg_size", 10}});
  const auto sink = open();
  ASSERT_TRUE(sink->publish({"S.a", {}, "more than ten bytes"}, 1));
  EXPECT_EQ(outcomes(*sink, 1).at(1).error().code, ErrorCode::kInvalid);
}

TEST_F(NatsSinkTest, ASubjectThatNoStreamStoresIsUnavailable) {
  const auto sink = open();
  ASSERT_TRUE(sink->publish({"nowhere", {}, "x"}, 1));
  const auto error = outcomes(*sink, 1).at(1).error();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("no stream stores"));
}

TEST_F(NatsSinkTest, AFullStreamIsUnavailableSinceItCanPass) {
  make_stream("S", {{"max_msgs", 1}, {"discard", "new"}});
  const auto sink = open();
  ASSERT_TRUE(sink->publish({"S.a", {}, "1"}, 1));
  ASSERT_TRUE(sink->publish({"S.a", {}, "2"}, 2));
  const auto all = outcomes(*sink, 2);
  EXPECT_TRUE(all.at(1));
  EXPECT_EQ(all.at(2).error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(all.at(2).error().message, HasSubstr("maximum messages exceeded"));
}

// A pipelined Expected-Last-Sequence lets a foreign publish reject one message and take the next; a
// chain of Expected-Last-Msg-Id refuses everything after it.
TEST_F(NatsSinkTest, AChainOfExpectedMessageIdsRefusesEverythingAfterAForeignMessage) {
  make_stream("S");
  const auto sink = open();
  const auto chained = [&](int i) {
    const std::string id = fmt::format("id-{}", i);
    const std::string before = fmt::format("id-{}", i - 1);
    std::vector<archive::HeaderField> headers{{"Nats-Msg-Id", id}};
    if (i > 1) {
      headers.push_back({"Nats-Expected-Last-Msg-Id", before});
    }
    ASSERT_TRUE(sink->publish({"S.a", headers, "x"}, static_cast<std::uint64_t>(i)));
  };
  chained(1);
  ASSERT_TRUE(outcomes(*sink, 1).at(1));
  publish({{"S.a", {}, "foreign"}});
  for (int i = 2; i <= 5; ++i) {
    chained(i);
  }
  for (const auto& [token, ack] : outcomes(*sink, 4)) {
    ASSERT_FALSE(ack) << token;
    EXPECT_EQ(ack.error().code, ErrorCode::kConflict) << ack.error().message;
  }
}

TEST_F(NatsSinkTest, BadSubjectsAndHeadersAreRefusedBeforeTheyReachTheProtocol) {
  make_stream("S");
  const auto sink = open();
  for (const char* subject :
       {"", "S a", "S.*", "S.>", ">", "S..a", ".S", "S.a\r\nPUB S.b 1\r\nx"}) {
    EXPECT_EQ(sink->publish({subject, {}, "x"}, 1).error().code, ErrorCode::kInvalid) << subject;
  }
  const std::vector<archive::HeaderField> bad{
      {"A", "x\r\ny"}, {"A", "x\r\n"}, {"A\r\nB", "x"}, {" A", "x"}, {"A:B", "x"}};
  for (const auto& field : bad) {
    EXPECT_EQ(sink->publish({"S.a", {&field, 1}, "x"}, 1).error().code, ErrorCode::kInvalid);
  }
  ASSERT_TRUE(sink->publish({"S.a", {}, "x"}, 7));
  EXPECT_EQ(outcomes(*sink, 1).at(7)->sequence, 1U) << "only the good one was stored";
}

// Whatever nats-server stored once can be stored again.
TEST_F(NatsSinkTest, HeadersThatLibnatsCannotSendArriveAsTheyAre) {
  using namespace std::string_view_literals;
  make_stream("S");
  const auto sink = open();
  const std::vector<archive::HeaderField> headers{{"", "no name"},          {"A", "x\ry"},
                                                  {"B", "x\ny\r"},          {"C", "x\0y"sv},
                                                  {"D", "folded\r\n here"}, {"E\0F"sv, "  x  "}};
  ASSERT_TRUE(sink->publish({"S.a", headers, "x"}, 1));
  ASSERT_TRUE(outcomes(*sink, 1).at(1));
  const auto stored = broker_->get_message("S", 1);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_THAT(stored->message().headers, ::testing::ElementsAreArray(headers));
}

TEST_F(NatsSinkTest, AServerKilledInTheMiddleGivesEveryMessageAnOutcome) {
  make_stream("S", {{"storage", "file"}});
  const auto sink = open();
  std::atomic<int> calls = 0;
  sink->on_ready([&] { ++calls; });
  std::size_t sent = 0;
  for (; sent < 20'000; ++sent) {
    if (sent == 5'000) {
      server_.pause();  // the next ones get no answer
    }
    if (sent == 5'100) {
      server_.kill();
    }
    if (!sink->publish({"S.a", {}, "payload"}, sent)) {
      break;
    }
  }
  const auto all = outcomes(*sink, sent);
  EXPECT_EQ(all.size(), sent);
  EXPECT_FALSE(all.rbegin()->second);
  EXPECT_EQ(all.rbegin()->second.error().code, ErrorCode::kUnavailable);
  EXPECT_GT(calls, 0);
  EXPECT_EQ(sink->publish({"S.a", {}, "x"}, 1).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(sink->flush().error().code, ErrorCode::kUnavailable);
  // It never comes back by itself: libnats would send its buffer again.
  server_.start();
  ASSERT_TRUE(eventually([&] { return broker_->status().has_value(); }));
  EXPECT_FALSE(sink->publish({"S.a", {}, "x"}, 1));
  const auto info = broker_->stream_info("S");
  ASSERT_TRUE(info);
  std::uint64_t acknowledged = 0;
  for (const auto& [token, ack] : all) {
    acknowledged = std::max(acknowledged, ack ? ack->sequence : 0);
  }
  EXPECT_GE(info->last_sequence, acknowledged);
}

TEST_F(NatsSinkTest, AFrozenServerGivesOutcomesAtTheAckTimeout) {
  make_stream("S");
  const auto sink = open({.ack_timeout = std::chrono::milliseconds{300}});
  server_.pause();
  ASSERT_TRUE(sink->publish({"S.a", {}, "x"}, 1));
  EXPECT_EQ(outcomes(*sink, 1).at(1).error().code, ErrorCode::kUnavailable);
  server_.resume();
  // The late acknowledgement isn't a second outcome.
  ASSERT_TRUE(sink->publish({"S.a", {}, "x"}, 2));
  const auto all = outcomes(*sink, 1);
  EXPECT_EQ(all.size(), 1U);
  EXPECT_TRUE(all.contains(2));
}

}  // namespace
}  // namespace nats3::test
