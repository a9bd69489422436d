// Connections: servers that are away, come back, or don't let us in.
#include <fmt/format.h>

#include "nats/key_value.h"
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
  const auto broker = nats::make_broker(*client, std::make_shared<nats::Deliveries>(options));
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
  EXPECT_EQ(nats::make_broker(*client, std::make_shared<nats::Deliveries>(options))
                ->open_sink({})
                .error()
                .code,
            ErrorCode::kDenied);
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
  const auto broker = nats::make_broker(*client, std::make_shared<nats::Deliveries>(options));
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
  const auto error = nats::make_broker(*client, std::make_shared<nats::Deliveries>(options))
                         ->stream_info("S")
                         .error();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("JetStream"));
}

// An inbox that others share gets their answers.
TEST(NatsConnectionTest, EveryConnectionHasAnInboxOfItsOwn) {
  const NatsServer server;
  nats::ConnectionOptions options;
  options.urls = {server.url()};
  const auto one = nats::Link::open(options);
  const auto two = nats::Link::open(options);
  ASSERT_TRUE(one && two);
  const std::string& prefix = (*one)->connection().inbox_prefix();
  EXPECT_THAT(prefix, ::testing::StartsWith("_INBOX."));
  EXPECT_GT(prefix.size(), std::string("_INBOX.").size() + 20);
  EXPECT_NE(prefix, (*two)->connection().inbox_prefix());
}

// Publishes made while away must fail, and not happen later: their callers were told so.
class NatsReconnectTest : public NatsTest {};

TEST_F(NatsReconnectTest, NothingPublishedWhileAwayIsSentLater) {
  make_stream("S", {{"storage", "file"}});
  server_.stop();
  ASSERT_TRUE(eventually([&] { return !client_->link(); }));
  auto kv = nats::make_key_value(client_, "B", {});
  EXPECT_EQ(kv.error().code, ErrorCode::kUnavailable);
  server_.start();
  ASSERT_TRUE(eventually([&] { return broker_->stream_info("S").has_value(); }));
  EXPECT_EQ(broker_->stream_info("S")->last_sequence, 0U);
  EXPECT_EQ(broker_->stream_info("KV_B").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace nats3::test
