// Sources that read from a durable consumer and acknowledge, against a real nats-server.
#include <fmt/format.h>

#include <filesystem>
#include <numeric>

#include "nats/missing_sequences.h"
#include "tests/integration/nats_channel_fixture.h"
#include "tests/integration/nats_source_fixture.h"

namespace nats3::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class NatsDurableTest : public NatsSourceTest {};

TEST_F(NatsDurableTest, WorkQueueMessagesGoWhenTheyAreAcknowledged) {
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

// A server that comes back may have forgotten what it delivered, and means to deliver it again.
TEST_F(NatsDurableTest, AcknowledgementsOfALostConnectionAreNeverSent) {
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
class NatsForgetfulConsumerTest : public NatsDurableTest {
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
  enum class Files { kOne, kMany };  // of the server's store of the stream

  // 200 messages were delivered, and all but these acknowledged, which the consumer forgets.
  void forget_acknowledgements(const nats::SourceOptions& options,
                               const std::vector<std::uint64_t>& unacknowledged,
                               Files files = Files::kOne) {
    Json config{{"retention", "workqueue"}, {"storage", "file"}};
    if (files == Files::kMany) {
      config["max_bytes"] = 120'000;  // each holds about a fourth of that
    }
    make_stream("S", config);
    publish_numbered("S.a", 200, 400);
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
      EXPECT_EQ(broker_->consumer_position("S", "job")->ack_floor, 0U);
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

// 2.9 doesn't list them: it removes each file of its store as a whole.
TEST_F(NatsForgetfulConsumerTest, GoesOnWhereWhatIsGoneFilledFiles) {
  nats::SourceOptions options = durable_options("S");
  options.ack_wait = std::chrono::milliseconds{2'000};
  forget_acknowledgements(options, {10, 150}, Files::kMany);
  publish_numbered("S.a", 5);
  std::pair<std::uint64_t, std::uint64_t> asked;
  options.archived = [&](std::uint64_t after, std::uint64_t up_to) {
    asked = {after, up_to};
    std::vector<std::uint64_t> archived(199);  // 200 isn't
    std::iota(archived.begin(), archived.end(), 1);
    return archived;
  };
  const auto source = reopen(options);
  const auto received = receive(*source, 7);
  EXPECT_THAT(received.sequences, UnorderedElementsAre(10, 150, 201, 202, 203, 204, 205))
      << "what is archived and there isn't acknowledged, but delivered";
  ASSERT_TRUE(source->ack(received.ack_subjects));
  EXPECT_EQ(broker_->consumer_position("S", "job")->ack_floor, 205U);
  if (NatsServer::version().starts_with("2.9.")) {
    EXPECT_EQ(asked, std::pair(std::uint64_t{0}, std::uint64_t{200}));
  }
}

// Of a subject that the consumer doesn't even select, perhaps.
TEST_F(NatsForgetfulConsumerTest, AMessageThatCannotBeReadIsThere) {
  make_stream("S", {{"retention", "workqueue"}, {"storage", "file"}});
  publish_numbered("S.a", 1);
  const std::string block = "X: y\r\nlonger header\r\n\r\n";
  publish_raw(server_.port(),
              fmt::format("HPUB S.a {} {}\r\n{}x\r\n", block.size(), block.size() + 1, block));
  ASSERT_TRUE(eventually([&] { return broker_->stream_info("S")->messages == 2; }));
  nats::SourceOptions options{.stream = "S"};
  options.archived = [](std::uint64_t, std::uint64_t) { return std::vector<std::uint64_t>{1, 2}; };
  const auto missing = nats::missing_sequences(*api_, options, 0, 2);
  ASSERT_TRUE(missing) << missing.error().message;
  EXPECT_THAT(*missing, ::testing::IsEmpty());
}

TEST_F(NatsForgetfulConsumerTest, IsNotOpenedWhenItIsNotKnownWhatIsArchived) {
  nats::SourceOptions options = durable_options("S");
  make_stream("S", {{"retention", "workqueue"}, {"storage", "file"}});
  publish_numbered("S.a", 2);
  EXPECT_EQ(receive(*open(options), 2).sequences.size(), 2U);
  options.archived = [](std::uint64_t, std::uint64_t) {
    return fail(ErrorCode::kUnavailable, "no answer from the bucket");
  };
  const auto opened = broker_->open_source(options);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("no answer from the bucket"));
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

// Stands in for a JetStream that has miscounted.
class Miscounter final : public nats::Channel::Listener {
 public:
  void on_messages(std::span<const nats::MessageView> messages) override {
    for (const nats::MessageView& request : messages) {
      Json state{{"first_seq", 5}, {"last_seq", 20}, {"messages", 16}, {"num_deleted", 0}};
      if (request.payload.find("deleted_details") != request.payload.npos) {
        state["deleted"] = {7, 12, 18};
      }
      const std::string answer = Json{{"state", state}}.dump();
      EXPECT_TRUE(channel->publish({request.reply, {}, answer}, ""));
    }
  }
  void on_lost(const Error&) override {}
  std::unique_ptr<nats::Channel> channel;
};

class NatsMissingTest : public ::testing::Test {
 protected:
  NatsMissingTest() {
    options_.urls = {fmt::format("nats://a:a@127.0.0.1:{}", server_.port())};
    auto channel = nats::Channel::open(options_, miscounter_);
    EXPECT_TRUE(channel) << channel.error().message;
    miscounter_.channel = std::move(*channel);
    EXPECT_TRUE(miscounter_.channel->subscribe("$JS.API.STREAM.INFO.S"));
  }
  std::vector<std::uint64_t> missing(const nats::SourceOptions& options, std::uint64_t after,
                                     std::uint64_t up_to) {
    nats::Api api(nats::Client::make(options_).value());
    Result<std::vector<std::uint64_t>> found;
    EXPECT_TRUE(eventually([&] {  // the subscriptions take their time
      found = nats::missing_sequences(api, options, after, up_to);
      return found.has_value();
    })) << found.error().message;
    return found.value_or(std::vector<std::uint64_t>{});
  }

 private:
  const NatsServer server_{{.extra_config = R"(
accounts { A {users = [{user: "a", password: "a"}]}, B {jetstream: enabled} })",
                            .started = true}};
  nats::ConnectionOptions options_;
  Miscounter miscounter_;
};

TEST_F(NatsMissingTest, GapsAreFoundAlsoWhereTheServerCountsNone) {
  EXPECT_THAT(missing({.stream = "S"}, 2, 15), ElementsAre(3, 4, 7, 12));
}

// A server that lost its latest messages may give their sequences to others.
TEST_F(NatsMissingTest, NothingIsGoneAboveTheEndOfTheStream) {
  nats::SourceOptions options{.stream = "S"};
  std::uint64_t asked = 0;
  options.archived = [&](std::uint64_t, std::uint64_t up_to) {
    asked = up_to;
    return std::vector<std::uint64_t>{};
  };
  EXPECT_THAT(missing(options, 15, 30), ElementsAre(18));
  EXPECT_EQ(asked, 20U);
}

TEST_F(NatsDurableTest, AcknowledgingToADeletedConsumerIsAnError) {
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

TEST_F(NatsDurableTest, UnacknowledgedMessagesComeAgainUnlessExtended) {
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
    auto batch = source->fetch({.max_messages = 10, .max_bytes = 1 << 20});
    again = batch ? std::move(*batch) : nats::DeliveryBatch{};
    return !again.empty();
  }));
  ASSERT_EQ(again.deliveries().size(), 1U);
  EXPECT_EQ(again.deliveries()[0].message.sequence, 1U);
  EXPECT_EQ(again.deliveries()[0].delivered, 2U);
}

// Pull requests of a source that is gone must not swallow messages for an ack wait, which is longer
// here than the test waits.
TEST_F(NatsDurableTest, ASuccessorGetsWhatAClosedSourceHadNotFetched) {
  make_stream("S", {{"retention", "workqueue"}});
  publish_numbered("S.a", 500);
  nats::SourceOptions options = durable_options("S");
  options.ack_wait = std::chrono::hours{1};
  auto source = open(options);
  const auto first = receive(*source, 1, {.max_messages = 1, .max_bytes = 1});
  ASSERT_TRUE(source->ack(first.ack_subjects));
  source.reset();
  publish_numbered("S.a", 500);
  const auto broker = nats::make_broker(make_client(), make_client());
  auto successor = broker->open_source(options);
  ASSERT_TRUE(successor);
  EXPECT_EQ(receive(**successor, 999).messages.size(), 999U);
}

TEST_F(NatsDurableTest, AWorkQueueFilterThatAnotherConsumerHasIsRefusedByName) {
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

TEST_F(NatsDurableTest, ADurableThatDiffersIsRefusedSayingHow) {
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
TEST_F(NatsDurableTest, KeepsToTheRequestLimitsOfADurable) {
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

}  // namespace
}  // namespace nats3::test
