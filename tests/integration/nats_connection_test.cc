// Connections: servers that are away, come back, or don't let us in.
#include <fmt/format.h>

#include <future>
#include <optional>
#include <thread>

#include "nats/key_value.h"
#include "tests/integration/nats_channel_fixture.h"
#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using ::testing::HasSubstr;

TEST(NatsConnectionTest, AServerThatComesUpLaterIsFound) {
  NatsServer server({.extra_config = "", .started = false});
  nats::ConnectionOptions options;
  options.urls = {server.url()};
  auto client = nats::Client::make(options);
  ASSERT_TRUE(client) << client.error().message;
  const auto broker = nats::make_broker(*client, *client);
  EXPECT_EQ(broker->status().error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(broker->status().error().message, HasSubstr(fmt::format("{}", server.port())));
  EXPECT_EQ(broker->stream_info("S").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(
      broker->open_source({.stream = "S", .filter_subject = ">", .consumer = "c"}).error().code,
      ErrorCode::kUnavailable);
  EXPECT_EQ(broker->open_sink({}).error().code, ErrorCode::kUnavailable);
  server.start();
  EXPECT_TRUE(eventually([&] { return broker->status().has_value(); }));
  EXPECT_EQ(broker->stream_info("S").error().code, ErrorCode::kNotFound);
}

TEST(NatsConnectionTest, ClosesWhileTheServerIsStillAway) {
  const NatsServer server({.extra_config = "", .started = false});
  nats::ConnectionOptions options;
  options.urls = {server.url()};
  EXPECT_TRUE(nats::Client::make(options));
}

// What waits for the client, the server's port say, must not wait as long as it does.
TEST(NatsConnectionTest, IsMadeWhileAServerThatSaysNothingIsStillWaitedFor) {
  std::optional<FakeServer> silent([](int fd) { FakeServer::ignore(fd); });
  auto options = silent->options();
  options.connect_timeout = std::chrono::hours{1};
  const auto client = nats::Client::make(options);
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_EQ((*client)->status().error().code, ErrorCode::kUnavailable);
  EXPECT_THAT((*client)->status().error().message,
              ::testing::AllOf(HasSubstr("127.0.0.1:"), HasSubstr("no answer")));
  silent.reset();  // else the client would wait for its end
}

TEST(NatsConnectionTest, RefusesOptionsThatCannotBeUsed) {
  nats::ConnectionOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  const auto client = nats::Client::make(options);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(client.error().message,
              HasSubstr("CA file /nonexistent/ca.pem: can't be read: No such file"));
}

constexpr const char* kUsers = R"(
authorization {
  users = [
    {user: "good", password: "secret"}
    {user: "limited", password: "secret",
     permissions: {publish: ["$JS.API.STREAM.NAMES"], subscribe: ["_INBOX.>"]}}
  ]
})";

TEST(NatsConnectionTest, ARefusedLoginSaysSoAndHealsWhenTheServerChangesItsMind) {
  NatsServer server({.extra_config = kUsers, .started = true});
  nats::ConnectionOptions options;
  options.urls = {server.url()};
  options.user = "good";
  options.password = "wrong";
  auto client = nats::Client::make(options);
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_TRUE(eventually([&] { return (*client)->status().error().code == ErrorCode::kDenied; }));
  EXPECT_THAT((*client)->status().error().message, HasSubstr("Authorization Violation"));
  EXPECT_EQ(nats::make_broker(*client, *client)->open_sink({}).error().code, ErrorCode::kDenied);
  server.configure(R"(authorization {user: "good", password: "wrong"})");
  server.restart();
  EXPECT_TRUE(eventually([&] { return (*client)->link().has_value(); }));
}

TEST(NatsConnectionTest, AMissingPermissionIsDeniedAndNamesTheSubject) {
  NatsServer server({.extra_config = kUsers, .started = true});
  nats::ConnectionOptions options;
  options.urls = {fmt::format("nats://limited:secret@127.0.0.1:{}", server.port())};
  options.request_timeout = std::chrono::milliseconds{500};
  auto client = nats::Client::make(options);
  ASSERT_TRUE(client);
  const auto broker = nats::make_broker(*client, *client);
  EXPECT_EQ(broker->streams_of_subject("x").error().code, ErrorCode::kNotFound);
  const auto denied = broker->stream_info("S");
  EXPECT_EQ(denied.error().code, ErrorCode::kDenied) << denied.error().message;
  EXPECT_THAT(denied.error().message, HasSubstr("$JS.API.STREAM.INFO.S"));
  EXPECT_THAT(denied.error().message, ::testing::Not(HasSubstr("secret")));
}

TEST(NatsConnectionTest, WithoutJetStreamItSaysSo) {
  NatsServer server({.extra_config = R"(
accounts { A {users = [{user: "a", password: "a"}]}, B {jetstream: enabled} })",
                     .started = true});
  nats::ConnectionOptions options;
  options.urls = {fmt::format("nats://a:a@127.0.0.1:{}", server.port())};
  options.request_timeout = std::chrono::milliseconds{500};
  auto client = nats::Client::make(options);
  ASSERT_TRUE(client);
  const auto error = nats::make_broker(*client, *client)->stream_info("S").error();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("JetStream"));
}

// An inbox that others share gets their answers.
TEST(NatsConnectionTest, EveryLinkHasAnInboxOfItsOwn) {
  const NatsServer server;
  nats::ConnectionOptions options;
  options.urls = {server.url()};
  const auto one = nats::Link::open(options, [] {});
  const auto two = nats::Link::open(options, [] {});
  ASSERT_TRUE(one && two);
  const std::string& prefix = (*one)->channel().inbox_prefix();
  EXPECT_THAT(prefix, ::testing::StartsWith("_INBOX."));
  EXPECT_GT(prefix.size(), std::string("_INBOX.").size() + 20);
  EXPECT_NE(prefix, (*two)->channel().inbox_prefix());
}

// Publishes made while away must fail, and not happen later: their callers were told so.
class NatsReconnectTest : public NatsTest {};

TEST_F(NatsReconnectTest, NothingPublishedWhileAwayIsSentLater) {
  auto options = connection_options();
  options.request_timeout = std::chrono::milliseconds{100};
  const auto client = nats::Client::make(options);
  ASSERT_TRUE(client);
  const auto kv = nats::make_key_value(*client, "B", {});
  ASSERT_TRUE(kv) << kv.error().message;
  server_.pause();
  EXPECT_EQ((*kv)->put("frozen", "x", 0).error().code, ErrorCode::kUnavailable);
  server_.kill();
  ASSERT_TRUE(eventually([&] { return !(*client)->status(); }));
  EXPECT_EQ((*kv)->put("away", "x", 0).error().code, ErrorCode::kUnavailable);
  server_.start();
  ASSERT_TRUE(eventually([&] { return (*client)->status().has_value(); }));
  EXPECT_EQ(*(*kv)->put("back", "x", 0), 1U) << "the first one in the bucket";
  EXPECT_EQ((*kv)->list("")->size(), 1U);
}

TEST_F(NatsReconnectTest, ALinkMayOutliveItsClient) {
  auto client = make_client();
  auto held = client->link();
  ASSERT_TRUE(held);
  client.reset();
  EXPECT_TRUE((*held)->request({"$JS.API.INFO", {}, ""}));
  server_.restart();
  EXPECT_TRUE(eventually([&] { return !(*held)->channel().status(); }));
  EXPECT_TRUE(eventually([&] { return client_->status().has_value(); }));
}

TEST_F(NatsReconnectTest, ALostLinkIsReplacedAlsoWhenNobodyAsks) {
  const auto before = client_->link();
  ASSERT_TRUE(before);
  server_.restart();
  ASSERT_TRUE(eventually([&] { return !(*before)->channel().status(); }));
  ASSERT_TRUE(eventually([&] { return client_->status().has_value(); }));
  const auto after = client_->link();
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_NE(*after, *before);
  EXPECT_TRUE((*after)->request({"$JS.API.INFO", {}, ""}));
  EXPECT_EQ((*before)->request({"$JS.API.INFO", {}, ""}).error().code, ErrorCode::kUnavailable);
}

TEST_F(NatsReconnectTest, WhoWaitsForAnAnswerIsToldOfTheLoss) {
  auto options = connection_options();
  options.request_timeout = std::chrono::minutes{10};
  const auto link = nats::Link::open(options, [] {});
  ASSERT_TRUE(link);
  auto silent = nats::Link::open(options, [] {});  // hears the request, and doesn't answer
  ASSERT_TRUE(silent);
  ASSERT_TRUE((*silent)->channel().subscribe("question"));
  ASSERT_TRUE((*silent)->request({"$JS.API.INFO", {}, ""}))
      << "the server knows of the subscription";
  auto asked =
      std::async(std::launch::async, [&] { return (*link)->request({"question", {}, ""}); });
  EXPECT_EQ(asked.wait_for(std::chrono::milliseconds{50}), std::future_status::timeout);
  server_.kill();
  EXPECT_EQ(asked.get().error().code, ErrorCode::kUnavailable);
  server_.start();
}

TEST_F(NatsReconnectTest, ManyAskAtOnceAndEachGetsItsOwnAnswer) {
  make_stream("S");
  publish_numbered("S.a", 100);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) {
        const auto message = api_->get_message("S", {{"seq", sequence}});
        ASSERT_TRUE(message) << message.error().message;
        ASSERT_EQ(message->message().sequence, sequence);
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace nats3::test
