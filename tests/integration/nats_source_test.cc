// The Source over libnats, against a real nats-server.
#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <random>

#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class NatsSourceTest : public NatsTest {
 protected:
  std::unique_ptr<nats::Source> open(nats::SourceOptions options) {
    auto source = broker_->open_source(std::move(options));
    EXPECT_TRUE(source) << source.error().message;
    return source ? std::move(*source) : nullptr;
  }
  static nats::SourceOptions plain_options(const std::string& stream) {
    return {.stream = stream, .filter_subject = stream + ".>", .consumer = "job"};
  }
  static nats::SourceOptions durable_options(const std::string& stream) {
    nats::SourceOptions options = plain_options(stream);
    options.explicit_ack = true;
    return options;
  }
  // The stream's one consumer, once the source's first request has reached it: requests and what is
  // done to it here go over different connections.
  std::string consumer_that_is_asked(const std::string& stream) {
    const auto consumers = api_->list_consumers(stream);
    EXPECT_TRUE(consumers && consumers->size() == 1);
    const std::string name = consumers->front().name;
    EXPECT_TRUE(eventually([&] {
      const auto info = api_->ask(fmt::format("CONSUMER.INFO.{}.{}", stream, name), {}, "");
      return info && info->value("num_waiting", 0) > 0;
    }));
    return name;
  }
};

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
    auto batch = source->fetch({.max_messages = 100, .max_bytes = 1, .max_sequence = 3});
    return batch && batch->deliveries().size() == 1 && batch->deliveries()[0].message.sequence == 3;
  }));
  auto none = source->fetch({.max_messages = 100, .max_bytes = 1 << 20, .max_sequence = 3});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  const auto rest =
      receive(*source, 7, {.max_messages = 2, .max_bytes = 1 << 20, .max_sequence = {}});
  EXPECT_THAT(rest.sequences, ElementsAre(4, 5, 6, 7, 8, 9, 10));
}

TEST_F(NatsSourceTest, CallsBackWhenSomethingArrivesAfterAnEmptyFetch) {
  make_stream("S");
  const auto source = open(plain_options("S"));
  std::atomic<int> calls = 0;
  source->on_ready([&] { ++calls; });
  ASSERT_TRUE(source->fetch({.max_messages = 1, .max_bytes = 1, .max_sequence = {}})->empty());
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
  auto received =
      receive(*source, 1'000, {.max_messages = 100, .max_bytes = 1 << 20, .max_sequence = {}});
  server_.restart();
  std::vector<std::uint64_t> sequences = received.sequences;
  Error error;
  ASSERT_TRUE(eventually([&] {
    auto batch = source->fetch({.max_messages = 100, .max_bytes = 1 << 20, .max_sequence = {}});
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

TEST_F(NatsSourceTest, WorkQueueMessagesGoWhenTheyAreAcknowledged) {
  make_stream("S", {{"retention", "workqueue"}});
  publish_numbered("S.a", 100);
  const auto source = open(durable_options("S"));
  auto received = receive(*source, 100);
  received.ack_subjects.resize(60);
  ASSERT_TRUE(source->ack(received.ack_subjects));
  const auto info = broker_->stream_info("S");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->messages, 40U) << "acks have arrived when ack() returns";
  EXPECT_EQ(info->retention, nats::Retention::kWorkQueue);
}

// A server that comes back numbers its deliveries anew: an old acknowledgement would be taken for
// one of a message that was never delivered.
TEST_F(NatsSourceTest, AcknowledgementsOfALostConnectionAreNeverSent) {
  make_stream("S", {{"retention", "workqueue"}, {"storage", "file"}});
  publish_numbered("S.a", 10);
  const auto source = open(durable_options("S"));
  const auto received = receive(*source, 10);
  ASSERT_EQ(received.ack_subjects.size(), 10U);
  server_.restart();
  ASSERT_TRUE(eventually([&] { return broker_->status().has_value(); }));
  const auto acknowledged = source->ack(received.ack_subjects);
  ASSERT_FALSE(acknowledged);
  EXPECT_EQ(acknowledged.error().code, ErrorCode::kUnavailable) << acknowledged.error().message;
  EXPECT_EQ(broker_->stream_info("S")->messages, 10U);
}

// As after a crash or a full disk: the messages are gone, and the consumer's state says that they
// were delivered and not yet acknowledged.
class NatsForgetfulConsumerTest : public NatsSourceTest {
 protected:
  // Opens anew, once the server is back.
  std::unique_ptr<nats::Source> reopen(const nats::SourceOptions& options) {
    std::unique_ptr<nats::Source> source;
    EXPECT_TRUE(eventually([&] {
      auto opened = broker_->open_source(options);
      source = opened ? std::move(*opened) : nullptr;
      return opened.has_value();
    }));
    return source;
  }
  // 200 messages were delivered, and all but these acknowledged, which the consumer forgets.
  void forget_acknowledgements(const nats::SourceOptions& options,
                               const std::vector<std::uint64_t>& unacknowledged) {
    make_stream("S", {{"retention", "workqueue"}, {"storage", "file"}});
    publish_numbered("S.a", 200);
    auto source = open(options);
    EXPECT_EQ(receive(*source, 200).sequences.size(), 200U);
    server_.stop();
    const auto state = server_.data() / "jetstream/$G/streams/S/obs/job/o.dat";
    const auto kept = server_.data() / "o.dat";
    std::filesystem::copy_file(state, kept);
    server_.start();
    source = reopen(options);
    auto received = receive(*source, 200);
    std::vector<std::string> acks;
    for (std::size_t i = 0; i < received.sequences.size(); ++i) {
      if (std::ranges::find(unacknowledged, received.sequences[i]) == unacknowledged.end()) {
        acks.push_back(received.ack_subjects[i]);
      }
    }
    EXPECT_TRUE(source->ack(acks));
    source.reset();
    server_.stop();
    std::filesystem::copy_file(kept, state, std::filesystem::copy_options::overwrite_existing);
    server_.start();
    EXPECT_TRUE(eventually([&] { return broker_->status().has_value(); }));
    EXPECT_EQ(broker_->stream_info("S")->messages, unacknowledged.size());
    if (NatsServer::version().starts_with("2.9.")) {  // later ones see what is gone
      EXPECT_EQ(api_->consumer_info("S", "job")->unacknowledged, 200U);
    }
  }
};

TEST_F(NatsForgetfulConsumerTest, GoesOnWhereItWaitsForMessagesThatAreGone) {
  nats::SourceOptions options = durable_options("S");
  options.ack_wait = std::chrono::milliseconds{2'000};
  forget_acknowledgements(options, {10});
  publish_numbered("S.a", 5);
  const auto source = reopen(options);
  const auto received = receive(*source, 6);
  EXPECT_THAT(received.sequences, UnorderedElementsAre(10, 201, 202, 203, 204, 205));
  ASSERT_TRUE(source->ack(received.ack_subjects));
  EXPECT_EQ(broker_->consumer_position("S", "job")->ack_floor, 205U);
}

// Nothing is acknowledged after it.
TEST_F(NatsForgetfulConsumerTest, ReachesTheEndWhereAllMessagesAreGone) {
  nats::SourceOptions options = durable_options("S");
  options.ack_wait = std::chrono::milliseconds{2'000};
  forget_acknowledgements(options, {});
  const auto source = reopen(options);
  EXPECT_TRUE(
      eventually([&] { return broker_->consumer_position("S", "job")->ack_floor == 200U; }));
}

TEST_F(NatsSourceTest, AcknowledgingToADeletedConsumerIsAnError) {
  make_stream("S", {{"retention", "workqueue"}});
  publish_numbered("S.a", 10);
  const auto source = open(durable_options("S"));
  const auto received = receive(*source, 10);
  ASSERT_TRUE(api_->delete_consumer("S", "job"));
  const auto acknowledged = source->ack(received.ack_subjects);
  ASSERT_FALSE(acknowledged);
  EXPECT_EQ(acknowledged.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(acknowledged.error().message, HasSubstr("nobody"));
}

TEST_F(NatsSourceTest, UnacknowledgedMessagesComeAgainUnlessExtended) {
  make_stream("S", {{"retention", "workqueue"}});
  publish_numbered("S.a", 2);
  nats::SourceOptions options = durable_options("S");
  options.ack_wait = std::chrono::milliseconds{1'500};
  const auto source = open(options);
  const auto first = receive(*source, 2);
  ASSERT_EQ(first.ack_subjects.size(), 2U);
  nats::DeliveryBatch again;
  ASSERT_TRUE(eventually([&] {
    // "+WPI" extends only the message it is for.
    EXPECT_TRUE(source->extend({first.ack_subjects[1]}));
    auto batch = source->fetch({.max_messages = 10, .max_bytes = 1 << 20, .max_sequence = {}});
    again = batch ? std::move(*batch) : nats::DeliveryBatch{};
    return !again.empty();
  }));
  ASSERT_EQ(again.deliveries().size(), 1U);
  EXPECT_EQ(again.deliveries()[0].message.sequence, 1U);
  EXPECT_EQ(again.deliveries()[0].delivered, 2U);
}

// Pull requests of a source that is gone must not swallow messages for an ack wait, which is longer
// here than the test waits.
TEST_F(NatsSourceTest, ASuccessorGetsWhatAClosedSourceHadNotFetched) {
  make_stream("S", {{"retention", "workqueue"}});
  publish_numbered("S.a", 500);
  nats::SourceOptions options = durable_options("S");
  options.ack_wait = std::chrono::hours{1};
  auto source = open(options);
  const auto first = receive(*source, 1, {.max_messages = 1, .max_bytes = 1, .max_sequence = {}});
  ASSERT_TRUE(source->ack(first.ack_subjects));
  source.reset();
  publish_numbered("S.a", 500);
  const auto broker =
      nats::make_broker(make_client(), std::make_shared<nats::Deliveries>(connection_options()));
  auto successor = broker->open_source(options);
  ASSERT_TRUE(successor);
  EXPECT_EQ(receive(**successor, 999).messages.size(), 999U);
}

TEST_F(NatsSourceTest, AWorkQueueFilterThatAnotherConsumerHasIsRefusedByName) {
  make_stream("S", {{"retention", "workqueue"}});
  nats::SourceOptions theirs = durable_options("S");
  theirs.consumer = "theirs";
  theirs.filter_subject = "S.a.*";
  const auto other = open(theirs);
  const auto refused = broker_->open_source(durable_options("S"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("consumer theirs reads"));
}

TEST_F(NatsSourceTest, ADurableThatDiffersIsRefusedSayingHow) {
  make_stream("S");
  const auto make = [&](const std::string& name, Json config) {
    config["durable_name"] = name;
    ASSERT_TRUE(api_->ask("CONSUMER.DURABLE.CREATE.S." + name,
                          {{"stream_name", "S"}, {"config", config}}, ""));
  };
  make("other-filter", {{"ack_policy", "explicit"}, {"filter_subject", "S.b"}});
  make("pushes", {{"ack_policy", "explicit"}, {"filter_subject", "S.>"}, {"deliver_subject", "d"}});
  make("ack-all", {{"ack_policy", "all"}, {"filter_subject", "S.>"}});
  make("headers", {{"ack_policy", "explicit"}, {"filter_subject", "S.>"}, {"headers_only", true}});
  make("fits", {{"ack_policy", "explicit"}, {"filter_subject", "S.>"}});
  const std::vector<std::pair<std::string, std::string>> cases{{"other-filter", "S.b"},
                                                               {"pushes", "pushes"},
                                                               {"ack-all", "ack policy"},
                                                               {"headers", "headers only"}};
  for (const auto& [name, word] : cases) {
    nats::SourceOptions options = durable_options("S");
    options.consumer = name;
    const auto refused = broker_->open_source(options);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(refused.error().message, HasSubstr(word));
  }
  nats::SourceOptions options = durable_options("S");
  options.consumer = "fits";
  EXPECT_TRUE(broker_->open_source(options));
}

// Servers refuse requests above a consumer's own limits.
TEST_F(NatsSourceTest, KeepsToTheRequestLimitsOfADurable) {
  make_stream("S");
  publish_numbered("S.a", 100);
  ASSERT_TRUE(api_->ask("CONSUMER.DURABLE.CREATE.S.small",
                        {{"stream_name", "S"},
                         {"config",
                          {{"durable_name", "small"},
                           {"ack_policy", "explicit"},
                           {"filter_subject", "S.>"},
                           {"max_batch", 7},
                           {"max_bytes", 1000},
                           {"max_expires", 2'000'000'000}}}},
                        ""));
  nats::SourceOptions options = durable_options("S");
  options.consumer = "small";
  const auto source = open(options);
  EXPECT_EQ(receive(*source, 100).messages.size(), 100U);
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
