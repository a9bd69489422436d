// Who is let in by an NKey.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "nats/nkey.h"
#include "tests/integration/nats_channel_fixture.h"
#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using nats::Channel;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Sources: README.md of https://github.com/nats-io/nkeys; the documentation of NATS on NKeys.
constexpr std::string_view kSeed = "SUAKYRHVIOREXV7EUZTBHUHL7NUMHPMAS7QMDU3GTIUWEI5LDNOXD43IZY";
constexpr std::string_view kPublic = "UD466L6EBCM3YY5HEGHJANNTN4LSKTSUXTH7RILHCKEQMQHTBNLHJJXT";
constexpr std::string_view kOtherSeed =
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
constexpr std::string_view kOtherPublic =
    "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

std::string users(std::string_view public_key) {
  return fmt::format("authorization {{users: [{{nkey: {}}}]}}\n", public_key);
}

class NatsNkeyTest : public ::testing::Test {
 protected:
  NatsNkeyTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "nats3-nkey-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    write(kSeed);
  }
  ~NatsNkeyTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  [[nodiscard]] std::string file() const { return folder_ / "seed.nk"; }
  void write(std::string_view text) const { std::ofstream(file()) << text << '\n'; }
  [[nodiscard]] nats::ConnectionOptions options() const {
    nats::ConnectionOptions options;
    options.urls = {server_.url()};
    options.nkey_file = file();
    return options;
  }
  Error error_of(const nats::ConnectionOptions& options) {
    const auto channel = Channel::open(options, collector_);
    EXPECT_FALSE(channel);
    return channel ? Error{} : channel.error();
  }

  std::filesystem::path folder_;
  NatsServer server_{{.extra_config = users(kPublic), .started = true}};
  Collector collector_;
};

TEST_F(NatsNkeyTest, TheSeedsOwnerGetsInAndNobodyElse) {
  const auto channel = Channel::open(options(), collector_);
  ASSERT_TRUE(channel) << channel.error().message;
  ASSERT_TRUE((*channel)->publish({(*channel)->inbox_prefix() + "x", {}, "x"}, ""));
  EXPECT_TRUE(eventually([&] { return collector_.count() == 1; }));

  write(kOtherSeed);
  const Error denied = error_of(options());
  EXPECT_EQ(denied.code, ErrorCode::kDenied) << denied.message;
  EXPECT_THAT(denied.message, AllOf(HasSubstr(kOtherPublic), HasSubstr("among the server's users"),
                                    Not(HasSubstr(kOtherSeed))));
  auto none = options();
  none.nkey_file.clear();
  EXPECT_EQ(error_of(none).code, ErrorCode::kDenied);
}

TEST_F(NatsNkeyTest, GetsInOverTlsToo) {
  const Certificate certificate;
  server_.configure(certificate.config() + users(kPublic));
  server_.restart();
  auto wanted = options();
  wanted.ca_file = certificate.file();
  const auto channel = Channel::open(wanted, collector_);
  ASSERT_TRUE(channel) << channel.error().message;
  write(kOtherSeed);
  EXPECT_THAT(error_of(wanted).message, HasSubstr(kOtherPublic));
}

TEST_F(NatsNkeyTest, AFileThatIsntRightIsNamedAndItsTextIsNotTold) {
  write(kSeed.substr(0, 40));
  const Error cut = error_of(options());
  EXPECT_EQ(cut.code, ErrorCode::kInvalid);
  EXPECT_THAT(cut.message, AllOf(HasSubstr(file()), HasSubstr("isn't whole"),
                                 Not(HasSubstr(kSeed.substr(0, 8)))));
  std::filesystem::remove(file());
  EXPECT_EQ(nats::Client::make(options()).error().code, ErrorCode::kInvalid);
}

// It is read for each connection.
TEST_F(NatsNkeyTest, AnotherSeedCountsFromTheNextConnectionOn) {
  const auto client = nats::Client::make(options());
  ASSERT_TRUE(client) << client.error().message;
  std::filesystem::remove(file());
  EXPECT_TRUE((*client)->status());
  const auto sink = nats::make_broker(*client, *client)->open_sink({});
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code, ErrorCode::kUnavailable) << sink.error().message;
  server_.configure(users(kOtherPublic));
  server_.restart();
  EXPECT_TRUE(eventually([&] { return !(*client)->status(); }));
  write(kOtherSeed);
  EXPECT_TRUE(eventually([&] { return (*client)->status().has_value(); }));
}

TEST_F(NatsNkeyTest, AServerThatAsksForNoneLetsItsOwnerIn) {
  server_.configure("");
  server_.restart();
  const auto channel = Channel::open(options(), collector_);
  EXPECT_TRUE(channel) << channel.error().message;
}

// libnats before 3.8 leaves a signature out that begins with a zero byte.
TEST_F(NatsNkeyTest, ASignatureThatLibnatsCantSendIsMadeOfAnotherNonce) {
  int connections = 0;
  std::string heard;
  std::optional<FakeServer> server(std::in_place, [&](int fd) {
    // What kSeed makes of "nonce 468" begins so.
    FakeServer::say(fd,
                    fmt::format("INFO {{\"server_id\":\"x\",\"version\":\"2.9.10\",\"proto\":1,"
                                "\"headers\":true,\"max_payload\":1048576,\"nonce\":\"{}\"}}\r\n",
                                connections++ == 0 ? "nonce 468" : "another"));
    heard = FakeServer::hear(fd, "PING\r\n");
    if (heard.find("\"sig\"") == heard.npos) {
      FakeServer::say(fd, "-ERR 'Authorization Violation'\r\n");
      return;
    }
    FakeServer::say(fd, "PONG\r\n");
    FakeServer::hear(fd, "PING\r\n");
    FakeServer::say(fd, "PONG\r\n");
    FakeServer::ignore(fd);
  });
  auto wanted = server->options();
  wanted.nkey_file = file();
  wanted.connect_timeout = std::chrono::seconds{10};
  const auto channel = Channel::open(wanted, collector_);
  EXPECT_TRUE(channel) << channel.error().message;
  server.reset();
  EXPECT_EQ(connections, 2);
  EXPECT_THAT(heard, HasSubstr(fmt::format("\"nkey\":\"{}\"", kPublic)));
}

}  // namespace
}  // namespace nats3::test
