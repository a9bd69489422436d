// NATS over TLS, which libnats carries: who gets in, and what is told.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>

#include "nats/publisher.h"
#include "tests/integration/nats_channel_fixture.h"
#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using nats::Channel;
using ::testing::HasSubstr;
using ::testing::Not;

// As if the file were among the machine's authorities. Goes after all that connects.
class TrustedByTheMachine {
 public:
  explicit TrustedByTheMachine(const std::string& file) {
    ::setenv("SSL_CERT_FILE", file.c_str(), 1);
  }
  ~TrustedByTheMachine() { ::unsetenv("SSL_CERT_FILE"); }
  TrustedByTheMachine(const TrustedByTheMachine&) = delete;
  TrustedByTheMachine& operator=(const TrustedByTheMachine&) = delete;
};

class NatsTlsTest : public ::testing::Test {
 protected:
  [[nodiscard]] nats::ConnectionOptions tls_options() const {
    nats::ConnectionOptions options;
    options.urls = {server_.url()};
    options.ca_file = certificate_.file();
    return options;
  }
  // A user who may publish to ok.> only.
  [[nodiscard]] nats::ConnectionOptions few() {
    server_.configure(certificate_.config() + R"(
authorization {users: [{user: "few", password: "secret", permissions: {publish: ["ok.>"]}}]})");
    server_.restart();
    auto options = tls_options();
    options.user = "few";
    options.password = "secret";
    return options;
  }

  Certificate certificate_;
  NatsServer server_{{.extra_config = certificate_.config(), .started = true}};
};

TEST_F(NatsTlsTest, AServerThatDemandsTlsNeedsATrustedCertificate) {
  Collector collector;
  nats::ConnectionOptions options;
  options.urls = {server_.url()};
  for (const char* scheme : {"nats", "tls"}) {
    options.urls = {fmt::format("{}://127.0.0.1:{}", scheme, server_.port())};
    const auto untrusted = Channel::open(options, collector);
    ASSERT_FALSE(untrusted) << scheme;
    EXPECT_EQ(untrusted.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(untrusted.error().message, HasSubstr("127.0.0.1"));
  }
  // Where the machine trusts it, libnats agrees to TLS without being asked.
  options.urls = {server_.url()};
  const TrustedByTheMachine trusted_file(certificate_.file());
  options.connect_timeout = std::chrono::minutes{10};  // it doesn't wait for one
  const auto trusted = Channel::open(options, collector);
  ASSERT_TRUE(trusted) << trusted.error().message;
  ASSERT_TRUE((*trusted)->publish({(*trusted)->inbox_prefix() + "x", {}, "x"}, ""));
  EXPECT_TRUE(eventually([&] { return collector.count() >= 1; }));
  EXPECT_EQ(collector.count(), 1U);
  EXPECT_TRUE((*trusted)->status());
  EXPECT_EQ(collector.losses(), 0) << "the attempt without TLS was none of it";
}

TEST_F(NatsTlsTest, RequestsAreAnsweredAlsoWhereTheServerDemandsTls) {
  const TrustedByTheMachine trusted_file(certificate_.file());
  auto options = tls_options();
  options.ca_file.clear();
  const auto client = nats::Client::make(options);
  ASSERT_TRUE(client) << client.error().message;
  nats::Api api(*client);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(api.stream_info("S").error().code, ErrorCode::kNotFound);
  }
}

TEST_F(NatsTlsTest, EachRefusalIsToldToWhoItConcerns) {
  const auto link = nats::Link::open(few(), [] {});
  ASSERT_TRUE(link) << link.error().message;
  for (int i = 0; i < 5; ++i) {
    auto one = (*link)->send({"forbidden.a", {}, "x"});
    auto two = (*link)->send({"forbidden.b", {}, "x"});
    ASSERT_TRUE(one && two);
    const Error first = one->wait().error();
    const Error second = two->wait().error();
    EXPECT_EQ(first.code, ErrorCode::kDenied) << first.message;
    EXPECT_THAT(first.message, HasSubstr("\"forbidden.a\""));
    EXPECT_EQ(second.code, ErrorCode::kDenied) << second.message;
    EXPECT_THAT(second.message, HasSubstr("\"forbidden.b\""));
  }
  EXPECT_EQ((*link)->request({"ok.a", {}, "x"}).error().code, ErrorCode::kUnavailable);
}

TEST_F(NatsTlsTest, ALossIsNotBlamedOnAnEarlierRefusal) {
  const auto link = nats::Link::open(few(), [] {});
  ASSERT_TRUE(link) << link.error().message;
  EXPECT_EQ((*link)->request({"forbidden.a", {}, "x"}).error().code, ErrorCode::kDenied);
  server_.kill();
  const Error loss = wait_for_loss((*link)->channel());
  EXPECT_EQ(loss.code, ErrorCode::kUnavailable);
  EXPECT_THAT(loss.message, Not(HasSubstr("forbidden")));
  server_.start();
}

TEST_F(NatsTlsTest, AnAuthorityThatIsAwayForAWhileIsNoReasonToGiveUp) {
  auto options = tls_options();
  options.ca_file = certificate_.file() + ".copy";
  std::filesystem::copy_file(certificate_.file(), options.ca_file);
  const auto client = nats::Client::make(options);
  ASSERT_TRUE(client) << client.error().message;
  std::filesystem::remove(options.ca_file);
  server_.restart();
  ASSERT_TRUE(eventually([&] { return !(*client)->status(); }));
  EXPECT_EQ((*client)->link().error().code, ErrorCode::kUnavailable);
  std::filesystem::copy_file(certificate_.file(), options.ca_file);
  EXPECT_TRUE(eventually([&] { return (*client)->status().has_value(); }));
}

TEST_F(NatsTlsTest, AServerWithoutTlsIsRefusedByWhoWantsIt) {
  const NatsServer plain;
  auto options = tls_options();
  options.urls = {plain.url()};
  Collector collector;
  EXPECT_FALSE(Channel::open(options, collector));
  options.urls = {fmt::format("tls://127.0.0.1:{}", plain.port())};
  options.ca_file.clear();
  EXPECT_FALSE(Channel::open(options, collector)) << "by the scheme alone";
  options.ca_file = "/nowhere.pem";
  const auto missing = Channel::open(options, collector);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kInvalid);
}

// libnats sends headers in no order, and nats-server ignores an id whose name comes up before it.
TEST_F(NatsTlsTest, AMessageThatMentionsTheHeaderThatGuardsItIsRefused) {
  const auto client = nats::Client::make(tls_options());
  ASSERT_TRUE(client);
  const auto sink = nats::make_broker(*client, *client)->open_sink({});
  ASSERT_TRUE(sink) << sink.error().message;
  for (const archive::HeaderField& other : {archive::HeaderField{"A", "no Nats-Msg-Id"},
                                            archive::HeaderField{"App-Nats-Msg-Id", "x"}}) {
    const std::vector<archive::HeaderField> headers{{"Nats-Msg-Id", "1"}, other};
    const auto sent = (*sink)->publish({"S.a", headers, "x"}, 1);
    EXPECT_EQ(sent.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(sent.error().message, HasSubstr(std::string(other.name)));
  }
  const std::vector<archive::HeaderField> plain{{"Nats-Msg-Id", "1"}, {"A", "Nats"}};
  EXPECT_TRUE((*sink)->publish({"S.a", plain, "x"}, 2));
}

// nats-server stores what only claims to have headers. It concerns whoever reads it, and nobody
// else.
TEST_F(NatsTlsTest, AMessageWithoutRealHeadersEndsItsOwnSourceOnly) {
  server_.configure("");
  server_.restart();
  nats::ConnectionOptions plain;
  plain.urls = {server_.url()};
  for (const char* stream : {"S", "T"}) {
    const auto client = nats::Client::make(plain);
    ASSERT_TRUE(client);
    ASSERT_TRUE(nats::Api(*client).ask(
        fmt::format("STREAM.CREATE.{}", stream),
        {{"name", stream}, {"subjects", {fmt::format("{}.>", stream)}}, {"storage", "file"}}, ""));
  }
  const std::string block = "X: y\r\nlonger header\r\n\r\n";
  publish_raw(server_.port(),
              fmt::format("HPUB S.a {} {}\r\n{}x\r\n", block.size(), block.size() + 1, block));
  for (const bool tls : {false, true}) {
    server_.configure(tls ? certificate_.config() : "");
    server_.restart();
    const auto client = nats::Client::make(tls ? tls_options() : plain);
    ASSERT_TRUE(client);
    const auto broker = nats::make_broker(*client, *client);
    const auto poisoned =
        broker->open_source({.stream = "S", .filter_subject = "S.>", .consumer = "c"});
    const auto other =
        broker->open_source({.stream = "T", .filter_subject = "T.>", .consumer = "c"});
    ASSERT_TRUE(poisoned && other);
    const nats::FetchLimits limits{.max_messages = 10, .max_bytes = 1 << 20};
    Error error;
    EXPECT_TRUE(eventually([&] {
      auto batch = (*poisoned)->fetch(limits);
      error = batch ? Error{} : batch.error();
      return !batch;
    }));
    EXPECT_EQ(error.code, ErrorCode::kInvalid) << error.message;
    EXPECT_THAT(error.message, HasSubstr("message 1"));
    EXPECT_TRUE((*other)->fetch(limits)) << "over " << (tls ? "TLS" : "TCP");
  }
}

}  // namespace
}  // namespace nats3::test
