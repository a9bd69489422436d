// NATS over TLS where the server asks who we are: the certificate that is shown, and when it is
// read.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/nats_channel_fixture.h"
#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using nats::Channel;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class NatsClientCertificateTest : public ::testing::Test {
 protected:
  [[nodiscard]] nats::ConnectionOptions options(const Certificate::Issued& shown) const {
    nats::ConnectionOptions options;
    options.urls = {server_.url()};
    options.ca_file = certificate_.file();
    options.certificate_file = shown.file;
    options.key_file = shown.key;
    return options;
  }
  Error error_of(const nats::ConnectionOptions& options) {
    const auto channel = Channel::open(options, collector_);
    EXPECT_FALSE(channel);
    return channel ? Error{} : channel.error();
  }

  Certificate certificate_;
  NatsServer server_{{.extra_config = certificate_.config_to_verify(), .started = true}};
  Collector collector_;
};

TEST_F(NatsClientCertificateTest, AServerThatVerifiesClientsLetsInWhoeverItsAuthoritySigned) {
  const auto channel = Channel::open(options(certificate_.issue("a@nats3")), collector_);
  ASSERT_TRUE(channel) << channel.error().message;
  ASSERT_TRUE((*channel)->publish({(*channel)->inbox_prefix() + "x", {}, "x"}, ""));
  EXPECT_TRUE(eventually([&] { return collector_.count() == 1; }));
}

// With TLS 1.3 libnats takes the refusal for the end of the connection, and has no word for it.
TEST_F(NatsClientCertificateTest, ARefusalSaysWhatIsRefusedAndWhatToDo) {
  const Error none = error_of(options({}));
  EXPECT_EQ(none.code, ErrorCode::kDenied) << none.message;
  EXPECT_THAT(none.message, AllOf(HasSubstr("demands a client certificate"),
                                  HasSubstr("set nats.cert and nats.key")));

  const auto old = certificate_.issue("old@nats3", -1);
  const Error expired = error_of(options(old));
  EXPECT_EQ(expired.code, ErrorCode::kDenied) << expired.message;
  EXPECT_THAT(expired.message, AllOf(HasSubstr("refuses the client certificate " + old.file),
                                     HasSubstr("it expired on 20")));

  const Certificate other;
  const Error unknown = error_of(options(other.issue("x@nats3")));
  EXPECT_EQ(unknown.code, ErrorCode::kDenied) << unknown.message;
  EXPECT_THAT(unknown.message, AllOf(HasSubstr("refuses the client certificate"),
                                     HasSubstr("is it signed"), Not(HasSubstr("expired on"))));
}

TEST_F(NatsClientCertificateTest, ACertificateIsAUserWhereTheServerMapsIt) {
  server_.configure(certificate_.config_to_verify("verify_and_map: true") + R"(
authorization {users: [{user: "a@nats3", permissions: {publish: ["ok.>", "_INBOX.>"]}}]})");
  server_.restart();
  const auto channel = Channel::open(options(certificate_.issue("a@nats3")), collector_);
  ASSERT_TRUE(channel) << channel.error().message;
  ASSERT_TRUE((*channel)->publish({"forbidden.a", {}, "x"}, ""));
  ASSERT_TRUE(eventually([&] { return !collector_.refusals().empty(); }));
  EXPECT_THAT(collector_.refusals()[0], HasSubstr("\"forbidden.a\""));

  const Error stranger = error_of(options(certificate_.issue("b@nats3")));
  EXPECT_EQ(stranger.code, ErrorCode::kDenied) << stranger.message;
  EXPECT_THAT(stranger.message, HasSubstr("or certificate"));
}

TEST_F(NatsClientCertificateTest, ACertificateGoesWithALoginToo) {
  server_.configure(certificate_.config_to_verify() +
                    R"(authorization {user: "good", password: "secret"})");
  server_.restart();
  auto both = options(certificate_.issue("a@nats3"));
  EXPECT_EQ(error_of(both).code, ErrorCode::kDenied);
  both.user = "good";
  both.password = "secret";
  const auto channel = Channel::open(both, collector_);
  EXPECT_TRUE(channel) << channel.error().message;
}

TEST_F(NatsClientCertificateTest, FilesThatArentRightAreNamed) {
  const auto good = certificate_.issue("a@nats3");
  const auto message = [&](const std::string& file, const std::string& key) {
    const Error error = error_of(options({file, key}));
    EXPECT_EQ(error.code, ErrorCode::kInvalid) << error.message;
    return error.message;
  };
  EXPECT_THAT(message("/nowhere.pem", good.key),
              AllOf(HasSubstr("client certificate /nowhere.pem"), HasSubstr("No such file")));
  EXPECT_THAT(
      message(good.file, "/nowhere.key"),
      AllOf(HasSubstr("key of the client certificate /nowhere.key"), HasSubstr("No such file")));
  EXPECT_THAT(message(good.key, good.key), HasSubstr("holds no certificate"));
  EXPECT_THAT(message(good.file, good.file), HasSubstr("holds no private key"));
  EXPECT_THAT(message(good.file, certificate_.key()), HasSubstr("isn't the key"));
  EXPECT_THAT(message("/dev/zero", good.key), HasSubstr("isn't a regular file"));
  const std::string huge = good.file + ".huge";
  std::ofstream(huge) << std::string((1 << 20) + 1, '#');
  EXPECT_THAT(message(huge, good.key), HasSubstr("larger than 1 MiB"));
}

// Files are read for each connection, and who has none to wait for isn't told to give up.
TEST_F(NatsClientCertificateTest, ARenewedCertificateIsShownByTheNextConnection) {
  const auto shown = certificate_.issue("a@nats3");
  const auto client = nats::Client::make(options(shown));
  ASSERT_TRUE(client) << client.error().message;
  const auto broker = nats::make_broker(*client, *client);
  const auto renewed = certificate_.issue("b@nats3");
  constexpr auto kReplace = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(renewed.file, shown.file, kReplace);
  // Between the two, as whoever renews them may leave them.
  const auto sink = broker->open_sink({});
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, ErrorCode::kUnavailable) << sink.error().message;
  EXPECT_TRUE((*client)->status()) << "what is connected stays";

  std::filesystem::copy_file(renewed.key, shown.key, kReplace);
  server_.configure(certificate_.config_to_verify("verify_and_map: true") +
                    R"(authorization {users: [{user: "b@nats3"}]})");
  server_.restart();
  EXPECT_TRUE(eventually([&] { return (*client)->status().has_value(); }));
  EXPECT_TRUE(broker->open_sink({}));
}

TEST_F(NatsClientCertificateTest, ACertificateIsShownToNobodyWithoutTls) {
  const NatsServer plain;
  auto wanted = options(certificate_.issue("a@nats3"));
  wanted.urls = {plain.url()};
  wanted.ca_file.clear();
  EXPECT_THAT(error_of(wanted).message, HasSubstr("Secure"));
}

}  // namespace
}  // namespace nats3::test
