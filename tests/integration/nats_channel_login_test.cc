// Who is let in, and what a user without a permission is told: channels, sinks, requests.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "nats/link.h"
#include "nats/publisher.h"
#include "tests/integration/nats_channel_fixture.h"
#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using nats::Channel;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kUsers = R"(
authorization {
  users = [
    {user: "good", password: "secret"}
    {user: "few", password: "secret", permissions: {publish: ["ok.>", "_INBOX.>"]}}
    {user: "deaf", password: "secret", permissions: {subscribe: ["none"]}}
  ]
})";

class NatsChannelLoginTest : public ::testing::Test {
 protected:
  [[nodiscard]] nats::ConnectionOptions options(const std::string& user,
                                                const std::string& password) const {
    nats::ConnectionOptions options;
    options.urls = {server_.url()};
    options.user = user;
    options.password = password;
    return options;
  }
  Result<std::unique_ptr<Channel>> open(const std::string& user, const std::string& password) {
    return Channel::open(options(user, password), collector_);
  }
  NatsServer server_{{.extra_config = kUsers, .started = true}};
  Collector collector_;
};

TEST_F(NatsChannelLoginTest, TheRightPasswordGetsInAndAnyOtherIsDenied) {
  EXPECT_TRUE(open("good", "secret"));
  nats::ConnectionOptions options;
  options.urls = {fmt::format("nats://good:secret@127.0.0.1:{}", server_.port())};
  EXPECT_TRUE(Channel::open(options, collector_));
  for (const char* password : {"hunter2", ""}) {
    const auto denied = open("good", password);
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code, ErrorCode::kDenied) << denied.error().message;
    EXPECT_THAT(denied.error().message, Not(HasSubstr("hunter2")));
  }
  EXPECT_EQ(open("", "").error().code, ErrorCode::kDenied);
}

TEST_F(NatsChannelLoginTest, AForbiddenSubjectIsNamedAndTheChannelStays) {
  const auto channel = open("few", "secret");
  ASSERT_TRUE(channel) << channel.error().message;
  ASSERT_TRUE((*channel)->publish({"forbidden.a", {}, "x"}, ""));
  ASSERT_TRUE(eventually([&] { return !collector_.refusals().empty(); }));
  EXPECT_THAT(collector_.refusals(), ElementsAre(HasSubstr("\"forbidden.a\"")));
  ASSERT_TRUE((*channel)->publish({(*channel)->inbox_prefix() + "x", {}, "x"}, ""));
  EXPECT_TRUE(eventually([&] { return collector_.count() == 1; }));
  EXPECT_TRUE((*channel)->status());
}

// A sink has nobody to share its channel with, and goes no further.
TEST_F(NatsChannelLoginTest, ASinkIsDeniedByAForbiddenSubject) {
  const auto sink = nats::Publisher::open(options("few", "secret"), {});
  ASSERT_TRUE(sink) << sink.error().message;
  ASSERT_TRUE((*sink)->publish({"forbidden.a", {}, "x"}, 7));
  std::vector<nats::PublishOutcome> outcomes;
  ASSERT_TRUE(eventually([&] { return !(outcomes = (*sink)->take_outcomes()).empty(); }));
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].token, 7U);
  EXPECT_EQ(outcomes[0].ack.error().code, ErrorCode::kDenied);
  EXPECT_THAT(outcomes[0].ack.error().message, HasSubstr("\"forbidden.a\""));
  EXPECT_EQ((*sink)->publish({"ok.a", {}, "x"}, 8).error().code, ErrorCode::kDenied);
  EXPECT_EQ((*sink)->flush().error().code, ErrorCode::kDenied);
}

// As an acknowledgement that the user may not send.
TEST_F(NatsChannelLoginTest, ARequestIsDeniedByAForbiddenSubject) {
  const auto link = nats::Link::open(options("few", "secret"), [] {});
  ASSERT_TRUE(link) << link.error().message;
  const auto denied = (*link)->request({"forbidden.a", {}, "x"});
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::kDenied) << denied.error().message;
  EXPECT_THAT(denied.error().message, HasSubstr("\"forbidden.a\""));
  const auto unheard = (*link)->request({"ok.a", {}, "x"});
  ASSERT_FALSE(unheard);
  EXPECT_EQ(unheard.error().code, ErrorCode::kUnavailable) << unheard.error().message;
}

TEST_F(NatsChannelLoginTest, AForbiddenInboxIsDeniedWhenItOpens) {
  const auto denied = open("deaf", "secret");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().code, ErrorCode::kDenied) << denied.error().message;
  EXPECT_THAT(denied.error().message, HasSubstr("_INBOX."));
}

TEST(NatsChannelTokenTest, TheRightTokenGetsInAndAnyOtherIsDenied) {
  const NatsServer server({.extra_config = "authorization {token: \"t0ken\"}", .started = true});
  Collector collector;
  nats::ConnectionOptions options;
  options.urls = {server.url()};
  options.token = "t0ken";
  EXPECT_TRUE(Channel::open(options, collector));
  options.token = "other";
  EXPECT_EQ(Channel::open(options, collector).error().code, ErrorCode::kDenied);
}

TEST_F(NatsChannelLoginTest, AUserWhoIsRemovedLosesTheChannel) {
  const auto channel = open("good", "secret");
  ASSERT_TRUE(channel);
  server_.configure(R"(authorization {user: "other", password: "secret"})");
  server_.restart();
  EXPECT_FALSE(wait_for_loss(**channel).message.empty());
  EXPECT_EQ(open("good", "secret").error().code, ErrorCode::kDenied);
}

}  // namespace
}  // namespace nats3::test
