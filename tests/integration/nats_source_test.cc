// The Source against a real nats-server.
#include <fmt/format.h>

#include <atomic>
#include <random>

#include "tests/integration/nats_source_fixture.h"

namespace nats3::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<PlainMessage> mixed_messages(int count) {
  std::mt19937 random{7};
  std::vector<PlainMessage> messages;
  for (int i = 0; i < count; ++i) {
    PlainMessage message{fmt::format("S.{}.x", i % 17), {}, {}};
    message.payload.resize(random() % (i % 1000 == 0 ? 200'000 : 400));
    for (char& c : message.payload) {
      c = static_cast<char>(random());
    }
    if (i % 3 == 0) {
      message.headers = {
          {"A", ""}, {"B", fmt::format("{}", i)}, {"B", "second"}, {"b", " padded "}};
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

TEST_F(NatsSourceTest, DeliversFiftyThousandMixedMessagesUnchanged) {
  make_stream("S");
  const auto messages = mixed_messages(50'000);
  publish(messages);
  const auto source = open(plain_options("S"));
  const auto received = receive(*source, messages.size());
  ASSERT_EQ(received.messages.size(), messages.size()) << received.error.message;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    ASSERT_EQ(received.messages[i], messages[i]) << "message " << i;
    ASSERT_EQ(received.sequences[i], i + 1);
  }
}

TEST_F(NatsSourceTest, StartsAtTheGivenSequenceAndFilters) {
  make_stream("S");
  publish({{"S.a", {}, "1"}, {"S.b", {}, "2"}, {"S.a", {}, "3"}, {"S.a", {}, "4"}});
  nats::SourceOptions options = plain_options("S");
  options.filter_subject = "S.a";
  options.start_sequence = 2;
  const auto source = open(options);
  EXPECT_THAT(receive(*source, 2).sequences, ElementsAre(3, 4));
}

TEST_F(NatsSourceTest, FetchKeepsItsLimits) {
  make_stream("S");
  publish_numbered("S.a", 10, 100);
  const auto source = open(plain_options("S"));
  ASSERT_TRUE(eventually([&] {
    auto batch = source->fetch({.max_messages = 100, .max_bytes = 1});
    return batch && batch->deliveries().size() == 1 && batch->deliveries()[0].message.sequence == 3;
  }));
  const auto rest = receive(*source, 7, {.max_messages = 2, .max_bytes = 1 << 20});
  EXPECT_THAT(rest.sequences, ElementsAre(4, 5, 6, 7, 8, 9, 10));
}

TEST_F(NatsSourceTest, CallsBackWhenSomethingArrivesAfterAnEmptyFetch) {
  make_stream("S");
  const auto source = open(plain_options("S"));
  std::atomic<int> calls = 0;
  source->on_ready([&] { ++calls; });
  ASSERT_TRUE(source->fetch({.max_messages = 1, .max_bytes = 1})->empty());
  publish({{"S.a", {}, "1"}});
  EXPECT_TRUE(eventually([&] { return calls > 0; }));
  source->on_ready(nullptr);
  EXPECT_EQ(receive(*source, 1).messages.size(), 1U);
}

// libnats 3.4.1 sends max_ack_pending only when it's above 0: -1 gives 1,000, and the consumer
// stops there.
TEST_F(NatsSourceTest, MoreThanAThousandUnacknowledgedMessagesDontStallADurable) {
  make_stream("S", {{"retention", "workqueue"}});
  publish_numbered("S.a", 5'000);
  const auto source = open(durable_options("S"));
  EXPECT_EQ(receive(*source, 5'000).messages.size(), 5'000U);
}

// Core subscriptions drop beyond 65,536 waiting messages unless told otherwise.
TEST_F(NatsSourceTest, MoreMessagesThanLibnatsKeepsByDefaultArriveUnread) {
  make_stream("S");
  publish_numbered("S.a", 70'000);
  nats::SourceOptions options = plain_options("S");
  options.max_buffered_messages = 100'000;
  options.max_buffered_bytes = 64 << 20;
  const auto source = open(options);
  EXPECT_EQ(receive(*source, 70'000).messages.size(), 70'000U);
}

TEST_F(NatsSourceTest, AMessageLargerThanTheWholeBufferComesAlone) {
  make_stream("S");
  publish_numbered("S.a", 3, 1000);
  publish_numbered("S.big", 2, 900'000);
  publish_numbered("S.a", 3, 1000);
  nats::SourceOptions options = plain_options("S");
  options.max_buffered_bytes = 100'000;
  const auto source = open(options);
  EXPECT_THAT(receive(*source, 8).sequences, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

// Sizes that vary make requests end for bytes and for counts, in every order.
TEST_F(NatsSourceTest, SmallBuffersNeverStall) {
  make_stream("S");
  std::mt19937 random{3};
  std::vector<PlainMessage> messages;
  for (int i = 0; i < 500; ++i) {
    messages.push_back({"S.a", {}, std::string(random() % 2'000, 'x')});
  }
  publish(messages);
  for (const std::size_t max_messages : {1U, 2U, 7U, 100U}) {
    nats::SourceOptions options = plain_options("S");
    options.max_buffered_messages = max_messages;
    options.max_buffered_bytes = 3'000;
    const auto source = open(options);
    EXPECT_EQ(receive(*source, messages.size()).messages.size(), messages.size());
  }
}

// An equal size each time makes a message use up a request's last byte, which 2.9 doesn't report.
TEST_F(NatsSourceTest, ARequestThatEndsOnItsLastByteIsNotWaitedFor) {
  make_stream("S");
  publish_numbered("S.a", 2'000, 400);
  for (std::size_t bytes = 8'000; bytes < 8'020; ++bytes) {
    nats::SourceOptions options = plain_options("S");
    options.max_buffered_bytes = bytes;
    options.max_buffered_messages = 40;
    const auto source = open(options);
    ASSERT_EQ(receive(*source, 400).messages.size() >= 400, true) << bytes;
  }
}

// libnats 3.4.1's header reader takes the line after an empty value for the value, and trims.
TEST_F(NatsSourceTest, EmptyAndPaddedHeaderValuesArriveAsTheyWereSent) {
  make_stream("S");
  const PlainMessage message{
      "S.a",
      {{"Empty", ""}, {"Next", "x"}, {"Padded", "  x  "}, {"next", "lower"}, {"zLast", ""}},
      ""};
  publish({message});
  const auto source = open(plain_options("S"));
  const auto received = receive(*source, 1);
  ASSERT_EQ(received.messages.size(), 1U);
  EXPECT_EQ(received.messages[0], message);
  const auto stored = broker_->get_message("S", 1);
  ASSERT_TRUE(stored);
  EXPECT_EQ(plain(stored->message()), message) << "STREAM.MSG.GET and delivery must read alike";
}

TEST_F(NatsSourceTest, GoesOnExactlyAfterAServerRestart) {
  make_stream("S", {{"storage", "file"}});
  publish_numbered("S.a", 3'000);
  auto source = open(plain_options("S"));
  auto received = receive(*source, 1'000, {.max_messages = 100, .max_bytes = 1 << 20});
  server_.restart();
  std::vector<std::uint64_t> sequences = received.sequences;
  Error error;
  ASSERT_TRUE(eventually([&] {
    auto batch = source->fetch({.max_messages = 100, .max_bytes = 1 << 20});
    for (const auto& delivery : batch ? batch->deliveries() : std::vector<nats::Delivery>{}) {
      sequences.push_back(delivery.message.sequence);
    }
    error = batch ? Error{} : batch.error();
    return !batch;
  }));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable) << error.message;
  ASSERT_TRUE(eventually([&] { return broker_->status().has_value(); }));
  nats::SourceOptions options = plain_options("S");
  options.start_sequence = sequences.back() + 1;
  ASSERT_TRUE(eventually([&] {
    auto opened = broker_->open_source(options);
    if (opened) {
      source = std::move(*opened);
    }
    return opened.has_value();
  }));
  received = receive(*source, 3'000 - sequences.size());
  sequences.insert(sequences.end(), received.sequences.begin(), received.sequences.end());
  ASSERT_EQ(sequences.size(), 3'000U);
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    ASSERT_EQ(sequences[i], i + 1);
  }
}

// A subject is purged while another is read, of which the consumer has sent a few messages only.
// nats-server before 2.9.12 lets it go on behind what it hasn't sent.
TEST_F(NatsSourceTest, WhatAConsumerPassedOverIsNoticedAndReadByTheNextOne) {
  for (const Json& purge :
       {Json{{"filter", "S.other"}}, Json{{"filter", "S.other"}, {"keep", 1}}}) {
    make_stream("S");
    publish_numbered("S.a", 300);
    publish_numbered("S.other", 2);
    publish_numbered("S.a", 300);
    nats::SourceOptions options = plain_options("S");
    options.max_buffered_messages = 20;
    auto source = open(options);
    auto sequences = receive(*source, 5, {.max_messages = 5, .max_bytes = 1 << 20}).sequences;
    ASSERT_TRUE(api_->ask("STREAM.PURGE.S", purge, "purge"));
    publish_numbered("S.a", 1);
    const std::size_t left = purge.contains("keep") ? 602 : 601;
    std::string trouble;
    while (sequences.size() < left) {
      const auto received = receive(*source, left - sequences.size());
      sequences.insert(sequences.end(), received.sequences.begin(), received.sequences.end());
      if (sequences.size() < left) {
        ASSERT_TRUE(trouble.empty()) << received.error.message;
        trouble = received.error.message;
        options.start_sequence = sequences.back() + 1;
        source = open(options);
      }
    }
    EXPECT_TRUE(std::ranges::is_sorted(sequences));
    EXPECT_EQ(sequences.back(), 603U);
    if (NatsServer::version() == "2.9.10") {
      EXPECT_THAT(trouble, HasSubstr("passed over message"));
    }
    source.reset();
    ASSERT_TRUE(api_->ask("STREAM.DELETE.S", {}, "delete"));
  }
}

// A pull request to a consumer that was deleted just times out, unless one was waiting.
TEST_F(NatsSourceTest, AConsumerDeletedUnderItEndsTheSource) {
  make_stream("S");
  const auto source = open(plain_options("S"));
  ASSERT_TRUE(api_->delete_consumer("S", consumer_that_is_asked("S")));
  const Error error = wait_for_error(*source);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("Consumer Deleted"));
}

TEST_F(NatsSourceTest, AStreamDeletedUnderItEndsTheSource) {
  make_stream("S");
  const auto source = open(plain_options("S"));
  consumer_that_is_asked("S");
  ASSERT_TRUE(api_->ask("STREAM.DELETE.S", Json::object(), ""));
  EXPECT_EQ(wait_for_error(*source).code, ErrorCode::kUnavailable);
}

// The connection stays open and nothing answers: no status, no heartbeat, no error.
TEST_F(NatsSourceTest, AFrozenServerIsNoticed) {
  make_stream("S");
  const auto source = open(plain_options("S"));
  server_.pause();
  EXPECT_EQ(wait_for_error(*source).code, ErrorCode::kUnavailable);
  server_.resume();
  EXPECT_TRUE(eventually([&] { return broker_->stream_info("S").has_value(); }));
}

TEST_F(NatsSourceTest, DeletesItsOwnConsumerAndLeavesADurable) {
  make_stream("S");
  auto plain_source = open(plain_options("S"));
  auto durable_source = open(durable_options("S"));
  EXPECT_EQ(api_->list_consumers("S")->size(), 2U);
  plain_source.reset();
  durable_source.reset();
  EXPECT_TRUE(eventually([&] { return api_->list_consumers("S")->size() == 1; }));
  EXPECT_EQ(api_->list_consumers("S")->front().name, "job");
}

TEST_F(NatsSourceTest, AThousandSourcesShareOneConnection) {
  make_stream("S");
  std::vector<std::unique_ptr<nats::Source>> sources;
  for (int i = 0; i < 1'000; ++i) {
    nats::SourceOptions options = plain_options("S");
    options.filter_subject = fmt::format("S.{}", i);
    options.max_buffered_messages = 10;
    sources.push_back(open(options));
    ASSERT_NE(sources.back(), nullptr);
  }
  publish_numbered("S.0", 20);
  publish_numbered("S.999", 20);
  EXPECT_EQ(receive(*sources.front(), 20).messages.size(), 20U);
  EXPECT_EQ(receive(*sources.back(), 20).messages.size(), 20U);
}

// A server drops a client for which more than max_pending piles up; each source alone stays below.
TEST_F(NatsSourceTest, SourcesThatCatchUpTogetherAreNotDroppedAsTooSlow) {
  make_stream("S");
  publish_numbered("S.a", 10'000, 4'000);
  std::vector<std::unique_ptr<nats::Source>> sources;
  for (int i = 0; i < 20; ++i) {
    sources.push_back(open(plain_options("S")));
  }
  const auto link = deliveries_->link();
  ASSERT_TRUE(link);
  EXPECT_LE((*link)->request_share() * sources.size(), 32U << 20) << "before any is fetched from";
  for (const auto& source : sources) {
    ASSERT_EQ(receive(*source, 10'000).messages.size(), 10'000U);
  }
  EXPECT_TRUE((*link)->channel().status());
  EXPECT_EQ(*deliveries_->link(), *link) << "it wasn't lost";
}

TEST_F(NatsSourceTest, NamesThatWouldChangeTheRequestAreRefused) {
  for (const char* name : {"", "a.b", "a b", "*", ">", "a/b", "a\r\nPUB x"}) {
    EXPECT_EQ(broker_->stream_info(name).error().code, ErrorCode::kInvalid) << name;
    EXPECT_EQ(broker_->open_source(plain_options(name)).error().code, ErrorCode::kInvalid) << name;
  }
  EXPECT_EQ(broker_->open_source(plain_options("NONE")).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace nats3::test
