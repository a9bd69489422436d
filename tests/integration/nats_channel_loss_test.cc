// Channels to what isn't NATS, misbehaves, freezes or goes away: always an error, never a hang.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <filesystem>
#include <future>

#include "nats/outgoing.h"
#include "tests/integration/nats_channel_fixture.h"
#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using nats::Channel;
using ::testing::HasSubstr;

// The error of a channel that can't be opened, or is lost soon after.
Error failure_of(const nats::ConnectionOptions& options) {
  Collector collector;
  const auto channel = Channel::open(options, collector);
  return channel ? wait_for_loss(**channel) : channel.error();
}

TEST(NatsChannelPeerTest, WhatIsNotNatsIsAnError) {
  const std::vector<std::pair<const char*, FakeServer::Script>> peers{
      {"closes at once", [](int) {}},
      {"says nothing", [](int fd) { FakeServer::ignore(fd); }},
      {"speaks HTTP", [](int fd) { FakeServer::say(fd, "HTTP/1.1 400 Bad Request\r\n\r\n"); }},
      {"closes after INFO", [](int fd) { FakeServer::say(fd, FakeServer::kInfo); }},
      {"sends an endless line",
       [](int fd) {
         FakeServer::log_in(fd);
         FakeServer::say(fd, std::string(1 << 20, 'x'));
         FakeServer::ignore(fd);
       }},
      {"closes after the login", [](int fd) { FakeServer::log_in(fd); }},
      {"is silent after the login",
       [](int fd) {
         FakeServer::log_in(fd);
         FakeServer::ignore(fd);
       }},
      {"sends binary after the login",
       [](int fd) {
         FakeServer::log_in(fd);
         FakeServer::say(fd, "\x15\x03\x03\r\n\x02\x02");
         FakeServer::ignore(fd);
       }},
      {"is silent after the subscription",
       [](int fd) {
         FakeServer::greet(fd);
         FakeServer::ignore(fd);
       }},
      {"closes after the subscription", [](int fd) { FakeServer::greet(fd); }},
  };
  for (const auto& [what, script] : peers) {
    const FakeServer server(script);
    const Error error = failure_of(server.options());
    EXPECT_EQ(error.code, ErrorCode::kUnavailable) << what << ": " << error.message;
    EXPECT_THAT(error.message, HasSubstr("127.0.0.1")) << what;
  }
}

TEST(NatsChannelPeerTest, AMessageThatIsNotOneEndsTheChannel) {
  for (const std::string_view bytes :
       {"MSG a 1 -5\r\nhello\r\n", "MSG a 1 4\r\nhello\r\n", "MSG a 1 67108865\r\n",
        "HMSG a 1 6 5\r\nhello\r\n", "BOO\r\n"}) {
    const FakeServer server([&](int fd) {
      FakeServer::greet(fd);
      FakeServer::say(fd, bytes);
      FakeServer::ignore(fd);
    });
    Collector collector;
    const auto channel = Channel::open(server.options(), collector);
    ASSERT_TRUE(channel) << channel.error().message;
    const Error error = wait_for_loss(**channel);
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_THAT(error.message, HasSubstr("doesn't speak NATS")) << bytes;
    EXPECT_TRUE(eventually([&] { return collector.losses() == 1; }));
    EXPECT_EQ((*channel)->publish({"a", {}, "x"}, "").error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(collector.count(), 0U);
  }
}

// The second attempt is for servers that demand TLS, and mustn't end in plain text over libnats.
TEST(NatsChannelPeerTest, AnEndWhileItOpensIsAnError) {
  std::atomic<int> connections = 0;
  const FakeServer server([&](int fd) {
    if (++connections == 1) {
      FakeServer::log_in(fd);
    } else {
      FakeServer::greet(fd);
      FakeServer::ignore(fd);
    }
  });
  Collector collector;
  const auto channel = Channel::open(server.options(), collector);
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code, ErrorCode::kUnavailable) << channel.error().message;
  EXPECT_EQ(collector.losses(), 0);
}

TEST(NatsChannelPeerTest, TheServersReasonIsTold) {
  const std::vector<std::tuple<std::string_view, ErrorCode, std::string_view>> reasons{
      {"-ERR 'Maximum Payload Violation'\r\n", ErrorCode::kUnavailable, "Maximum Payload"},
      {"-ERR 'User Authentication Expired'\r\n", ErrorCode::kDenied, "Authentication Expired"},
      {"-ERR 'Authorization Violation'\r\n", ErrorCode::kDenied, "Authorization Violation"},
  };
  for (const auto& [bytes, code, text] : reasons) {
    const FakeServer server([&](int fd) {
      FakeServer::greet(fd);
      FakeServer::say(fd, bytes);
    });
    Collector collector;
    const auto channel = Channel::open(server.options(), collector);
    ASSERT_TRUE(channel) << channel.error().message;
    const Error error = wait_for_loss(**channel);
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_THAT(error.message, HasSubstr(text));
  }
}

// Else a message that the server acknowledged would count as one that it may not have.
TEST(NatsChannelPeerTest, WhatCameBeforeTheLossIsHandedOver) {
  for (const std::string_view end : {"", "BOO\r\n", "-ERR 'User Authentication Expired'\r\n"}) {
    const FakeServer server([&](int fd) {
      const std::string inbox = FakeServer::greet(fd);
      FakeServer::say(fd, fmt::format("MSG {0}1 1 1\r\nx\r\nMSG {0}2 1 1\r\ny\r\n{1}", inbox, end));
    });
    Collector collector;
    const auto channel = Channel::open(server.options(), collector);
    ASSERT_TRUE(channel) << channel.error().message;
    (void)wait_for_loss(**channel);
    EXPECT_EQ(collector.count(), 2U) << end;
  }
}

TEST(NatsChannelPeerTest, PingsAreAnswered) {
  std::promise<std::string> heard;
  const FakeServer server([&](int fd) {
    FakeServer::greet(fd);
    FakeServer::say(fd, "PING\r\n");
    heard.set_value(FakeServer::hear(fd, "PONG\r\n"));
  });
  Collector collector;
  auto options = server.options();
  options.ping_interval = std::chrono::minutes{1};
  const auto channel = Channel::open(options, collector);
  ASSERT_TRUE(channel);
  EXPECT_EQ(heard.get_future().get(), "PONG\r\n");
}

TEST(NatsChannelPeerTest, AnIdleChannelStaysAsLongAsItsPingsAreAnswered) {
  std::promise<void> answered;
  const FakeServer server([&](int fd) {
    FakeServer::greet(fd);
    for (int i = 0; i < 10; ++i) {
      FakeServer::hear(fd, "PING\r\n");
      FakeServer::say(fd, "PONG\r\n");
    }
    answered.set_value();
    FakeServer::ignore(fd);
  });
  Collector collector;
  const auto channel = Channel::open(server.options(), collector);
  ASSERT_TRUE(channel);
  answered.get_future().wait();
  EXPECT_TRUE((*channel)->status());
}

// Partial sends: the other side takes a little at a time, from a buffer that is always full.
TEST(NatsChannelPeerTest, ASlowReaderGetsEveryByteOnceAndInOrder) {
  constexpr int kMessages = 1'000;
  std::promise<std::string> heard;
  const FakeServer server([&](int fd) {
    const int little = 256 << 10;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
    FakeServer::greet(fd);
    std::string all;
    std::string piece(10'000, '\0');
    ssize_t count = 1;
    while (count > 0 && !all.ends_with("PUB end 0\r\n\r\n")) {
      FakeServer::say(fd, "PONG\r\n");
      count = ::recv(fd, piece.data(), 1 + all.size() % piece.size(), 0);
      all.append(piece, 0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    heard.set_value(all);
  });
  Collector collector;
  auto options = server.options();
  options.ping_interval = std::chrono::minutes{1};
  const auto channel = Channel::open(options, collector);
  ASSERT_TRUE(channel);
  std::string expected;
  const std::vector<archive::HeaderField> headers{{"A", "b"}};
  for (int i = 0; i < kMessages; ++i) {
    const std::string payload(static_cast<std::size_t>(i % 50 * 997),
                              static_cast<char>('a' + i % 26));
    const std::string subject = fmt::format("s.{}", i);
    const nats::OutgoingMessage message{
        subject, i % 2 == 0 ? std::span<const archive::HeaderField>{} : headers, payload};
    ASSERT_TRUE((*channel)->publish(message, "r"));
    ASSERT_TRUE(append_publish(message, "r", expected));
  }
  ASSERT_TRUE((*channel)->publish({"end", {}, ""}, ""));
  expected += "PUB end 0\r\n\r\n";
  EXPECT_TRUE(heard.get_future().get() == expected);
}

// Publishes until it fails, which it must.
std::future<Error> publish_until_it_fails(Channel& channel) {
  return std::async(std::launch::async, [&channel] {
    const std::string payload(10'000, 'x');
    for (;;) {
      if (auto published = channel.publish({"a", {}, payload}, ""); !published) {
        return published.error();
      }
    }
  });
}

Error get(std::future<Error>& failed) {
  const bool came = failed.wait_for(std::chrono::seconds{30}) == std::future_status::ready;
  EXPECT_TRUE(came) << "publish() hangs";
  if (!came) {
    std::abort();  // the future would wait for it
  }
  return failed.get();
}

TEST(NatsChannelPeerTest, WhoWaitsForRoomIsToldOfTheLoss) {
  const FakeServer server([](int fd) {
    FakeServer::greet(fd);
    FakeServer::ignore(fd);
  });
  Collector collector;
  const auto channel = Channel::open(server.options(), collector);
  ASSERT_TRUE(channel);
  std::vector<std::future<Error>> failed;
  for (int i = 0; i < 4; ++i) {
    failed.push_back(publish_until_it_fails(**channel));
  }
  for (auto& one : failed) {
    const Error error = get(one);
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_THAT(error.message, HasSubstr("doesn't answer"));
  }
  EXPECT_TRUE(eventually([&] { return collector.losses() == 1; }));
}

TEST(NatsChannelPeerTest, AClosedConnectionIsTheEndAlsoWithoutPings) {
  std::promise<void> close;
  const auto closed = close.get_future().share();
  const FakeServer server([closed](int fd) {
    FakeServer::greet(fd);
    closed.wait();
  });
  Collector collector;
  auto options = server.options();
  options.ping_interval = std::chrono::minutes{1};
  const auto channel = Channel::open(options, collector);
  ASSERT_TRUE(channel);
  auto failed = publish_until_it_fails(**channel);
  close.set_value();
  EXPECT_EQ(get(failed).code, ErrorCode::kUnavailable);
}

class NatsChannelLossTest : public NatsTest {
 protected:
  NatsChannelLossTest() {
    auto options = connection_options();
    options.ping_interval = std::chrono::milliseconds{100};
    auto channel = Channel::open(options, collector_);
    EXPECT_TRUE(channel);
    channel_ = std::move(*channel);
  }

  Collector collector_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(NatsChannelLossTest, AKilledServerIsALossForGood) {
  auto failed = publish_until_it_fails(*channel_);
  server_.kill();
  EXPECT_EQ(get(failed).code, ErrorCode::kUnavailable);
  EXPECT_EQ(wait_for_loss(*channel_).code, ErrorCode::kUnavailable);
  server_.start();
  Collector collector;
  const auto second = Channel::open(connection_options(), collector);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_FALSE(channel_->status());
  EXPECT_FALSE(channel_->publish({"a", {}, "x"}, ""));
  EXPECT_EQ(collector_.losses(), 1);
  ASSERT_TRUE((*second)->publish({(*second)->inbox_prefix() + "x", {}, "x"}, ""));
  EXPECT_TRUE(eventually([&] { return collector.count() == 1; }));
}

TEST_F(NatsChannelLossTest, AStoppedServerIsALoss) {
  server_.stop();
  EXPECT_EQ(wait_for_loss(*channel_).code, ErrorCode::kUnavailable);
  EXPECT_TRUE(eventually([&] { return collector_.losses() == 1; }));
}

TEST_F(NatsChannelLossTest, AFrozenServerIsLostAndWhoWaitsForRoomIsTold) {
  server_.pause();
  auto failed = publish_until_it_fails(*channel_);
  const Error error = get(failed);
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("doesn't answer"));
  EXPECT_TRUE(eventually([&] { return collector_.losses() == 1; }));
  server_.resume();
  EXPECT_FALSE(channel_->status());
}

TEST_F(NatsChannelLossTest, AShortFreezeLosesNothing) {
  Collector collector;
  const auto channel = Channel::open(connection_options(), collector);
  ASSERT_TRUE(channel);
  server_.pause();
  const std::string payload(1'000, 'x');
  const std::string subject = (*channel)->inbox_prefix() + "x";
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE((*channel)->publish({subject, {}, payload}, std::to_string(i)));
  }
  server_.resume();
  EXPECT_TRUE(eventually([&] { return collector.count() == 400; }));
  int next = 0;
  for (const auto& arrived : collector.take()) {
    EXPECT_EQ(arrived.reply, std::to_string(next++));
  }
  EXPECT_TRUE((*channel)->status());
}

std::ptrdiff_t entries(const char* folder) {
  const std::filesystem::directory_iterator all(folder);
  return std::distance(begin(all), end(all));
}

TEST_F(NatsChannelLossTest, ChannelsLeakNoFileDescriptorsAndNoThreads) {
  const FakeServer refusing([](int fd) {
    FakeServer::log_in(fd);
    FakeServer::say(fd, "-ERR 'Authorization Violation'\r\n");
    FakeServer::ignore(fd);
  });
  const FakeServer silent([](int fd) {
    FakeServer::greet(fd);
    FakeServer::ignore(fd);
  });
  auto quick = silent.options();
  quick.ping_interval = std::chrono::milliseconds{1};
  const auto round = [&] {
    Collector collector;
    (void)failure_of(refusing.options());
    (void)failure_of(quick);
    ASSERT_TRUE(Channel::open(connection_options(), collector));
  };
  round();  // libnats' own threads and files
  const std::ptrdiff_t files = entries("/proc/self/fd");
  const std::ptrdiff_t threads = entries("/proc/self/task");
  for (int i = 0; i < 50; ++i) {
    round();
  }
  // The fake servers may be about to close theirs.
  EXPECT_TRUE(eventually([&] { return entries("/proc/self/fd") <= files; }))
      << entries("/proc/self/fd") << " of " << files;
  EXPECT_TRUE(eventually([&] { return entries("/proc/self/task") <= threads; }))
      << entries("/proc/self/task") << " of " << threads;
}

}  // namespace
}  // namespace nats3::test
