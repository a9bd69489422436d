// Channels in both forms: the one that speaks NATS itself, and the one over libnats for TLS.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <thread>

#include "nats/headers.h"
#include "nats/publisher.h"
#include "tests/integration/nats_channel_fixture.h"
#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using nats::Channel;
using ::testing::HasSubstr;

enum class Form { kWire, kTls };

// A server that either form of channel talks to.
struct Site {
  explicit Site(Form form) : server({.extra_config = config(form), .started = true}) {
    options.urls = {server.url()};
    options.ca_file = form == Form::kTls ? certificate.file() : "";
    auto client = nats::Client::make(options);
    EXPECT_TRUE(client);
    broker = nats::make_broker(*client, *client);
    api = std::make_unique<nats::Api>(*client);
  }
  [[nodiscard]] std::string config(Form form) const {
    return form == Form::kTls ? certificate.config() : "";
  }

  Certificate certificate;
  NatsServer server;
  nats::ConnectionOptions options;
  std::unique_ptr<nats::Broker> broker;
  std::unique_ptr<nats::Api> api;
};

// Message `i` of a sequence that has all sizes up to the server's limit, all bytes, and headers or
// not.
PlainMessage numbered(std::size_t i) {
  PlainMessage message;
  message.subject = fmt::format("S.{}", i);
  if (i % 3 != 0) {
    message.headers = {
        {"A", fmt::format(" {} ", i)}, {"A", ""}, {"Nats-Msg-Id", fmt::format("{}", i)}};
  }
  std::size_t size = i * 37 % 3'000;
  if (i % 700 == 0) {
    size = 1'048'576;
  } else if (i % 11 == 0) {
    size = 0;
  } else if (i % 97 == 0) {
    size = i * 1'000 % 700'000;
  }
  message.payload.resize(size);
  for (std::size_t at = 0; at < size; ++at) {
    message.payload[at] = static_cast<char>((i + at) * 2'654'435'761U >> 11);
  }
  if (i % 700 == 0 && i % 3 != 0) {
    message.payload.resize(1'048'576 - 100);  // the headers count too
  }
  return message;
}

std::vector<archive::HeaderField> views(const PlainMessage& message) {
  std::vector<archive::HeaderField> fields;
  for (const auto& [name, value] : message.headers) {
    fields.push_back({name, value});
  }
  return fields;
}

PlainMessage to_plain(const Collector::Arrived& arrived) {
  std::vector<archive::HeaderField> fields;
  if (!arrived.headers.empty()) {
    EXPECT_TRUE(nats::parse_header_block(arrived.headers, fields));
  }
  PlainMessage message{arrived.subject, {}, arrived.payload};
  for (const auto& field : fields) {
    message.headers.emplace_back(field.name, field.value);
  }
  return message;
}

class NatsChannelTest : public ::testing::TestWithParam<Form> {
 protected:
  std::unique_ptr<Channel> open() {
    auto channel = Channel::open(site_.options, collector_);
    EXPECT_TRUE(channel) << channel.error().message;
    return channel ? std::move(*channel) : nullptr;
  }

  Site site_{GetParam()};
  Collector collector_;
};

TEST_P(NatsChannelTest, WhatIsPublishedToTheInboxComesBackByteForByteInOrder) {
  constexpr std::size_t kMessages = 10'000;
  const auto channel = open();
  EXPECT_EQ(channel->max_payload(), 1'048'576U);
  EXPECT_THAT(channel->inbox_prefix(), ::testing::MatchesRegex("_INBOX\\.[^.]+\\."));
  std::size_t read = 0;
  const auto compare = [&] {
    for (const auto& arrived : collector_.take()) {
      PlainMessage expected = numbered(read);
      expected.subject = channel->inbox_prefix() + expected.subject;
      ASSERT_TRUE(to_plain(arrived) == expected) << read;
      ASSERT_EQ(arrived.reply, read % 2 == 0 ? "" : "re.ply");
      ++read;
    }
  };
  for (std::size_t i = 0; i < kMessages; ++i) {
    const PlainMessage message = numbered(i);
    const std::string subject = channel->inbox_prefix() + message.subject;
    const auto published =
        channel->publish({subject, views(message), message.payload}, i % 2 == 0 ? "" : "re.ply");
    ASSERT_TRUE(published) << published.error().message;
    if (i % 100 == 0) {
      compare();
    }
  }
  EXPECT_TRUE(eventually([&] {
    compare();
    return read >= kMessages || HasFatalFailure();
  })) << read;
  EXPECT_EQ(read, kMessages);
  EXPECT_TRUE(channel->status());
}

TEST_P(NatsChannelTest, EachThreadsMessagesStayInOrder) {
  const auto channel = open();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string subject = fmt::format("{}{}", channel->inbox_prefix(), thread);
      for (int i = 0; i < 2'000; ++i) {
        ASSERT_TRUE(channel->publish({subject, {}, std::to_string(i)}, ""));
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_TRUE(eventually([&] { return collector_.count() == 8'000; })) << collector_.count();
  std::map<std::string, int> next;
  for (const auto& arrived : collector_.take()) {
    ASSERT_EQ(arrived.payload, std::to_string(next[arrived.subject]++)) << arrived.subject;
  }
}

TEST_P(NatsChannelTest, ASubscriptionEndsWithAllThatWasSentBefore) {
  const auto channel = open();
  const auto subscription = channel->subscribe("own.>");
  ASSERT_TRUE(subscription) << subscription.error().message;
  EXPECT_NE(*subscription, Channel::kInbox);
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_TRUE(channel->publish({"own.a", {}, std::to_string(i)}, ""));
  }
  channel->unsubscribe(*subscription);
  const auto arrived = collector_.take();
  ASSERT_EQ(arrived.size(), 5'000U) << "without waiting";
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    ASSERT_EQ(arrived[i].payload, std::to_string(i));
    ASSERT_EQ(arrived[i].subscription, *subscription);
  }
  ASSERT_TRUE(channel->publish({"own.a", {}, "late"}, ""));
  ASSERT_TRUE(channel->publish({channel->inbox_prefix() + "x", {}, "inbox"}, ""));
  ASSERT_TRUE(eventually([&] { return collector_.count() > 0; }));
  const auto last = collector_.take();
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0].payload, "inbox");
  EXPECT_EQ(last[0].subscription, Channel::kInbox);
}

TEST_P(NatsChannelTest, WhatNatsCannotCarryIsRefusedAndTheChannelStays) {
  const auto channel = open();
  const std::vector<archive::HeaderField> bad{{"A", "x\r\nPUB a 1\r\nx"}};
  EXPECT_EQ(channel->publish({"a b", {}, "x"}, "").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(channel->publish({"a", bad, "x"}, "").error().code, ErrorCode::kInvalid);
  const std::string large(channel->max_payload() + 1, 'x');
  const auto too_large = channel->publish({"a", {}, large}, "");
  EXPECT_EQ(too_large.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(too_large.error().message, HasSubstr("max_payload"));
  ASSERT_TRUE(channel->publish({channel->inbox_prefix() + "x", {}, "x"}, ""));
  EXPECT_TRUE(eventually([&] { return collector_.count() == 1; }));
  EXPECT_TRUE(channel->status());
}

TEST_P(NatsChannelTest, ItsOwnEndIsNoLoss) {
  open().reset();
  EXPECT_EQ(collector_.losses(), 0);
}

// The listener goes at once after the channel: a call that came later would touch freed memory.
TEST_P(NatsChannelTest, AChannelGoesWhileMessagesArrive) {
  for (int i = 0; i < 50; ++i) {
    auto collector = std::make_unique<Collector>();
    auto channel = Channel::open(site_.options, *collector);
    ASSERT_TRUE(channel);
    const std::string subject = (*channel)->inbox_prefix() + "x";
    for (int j = 0; j < 2'000; ++j) {
      ASSERT_TRUE((*channel)->publish({subject, {}, "payload"}, ""));
    }
    ASSERT_TRUE(i % 2 == 0 || eventually([&] { return collector->count() > 0; }));
    channel->reset();
    collector.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Both, NatsChannelTest, ::testing::Values(Form::kWire, Form::kTls),
                         [](const auto& form) {
                           return form.param == Form::kWire ? "Wire" : "Tls";
                         });

// Stores the same through a sink, and reads it back.
std::vector<PlainMessage> stored_by(Form form, std::size_t count) {
  const Site site(form);
  EXPECT_TRUE(site.api->ask("STREAM.CREATE.S",
                            {{"name", "S"}, {"subjects", {"S.>"}}, {"storage", "memory"}}, ""));
  auto sink = nats::Publisher::open(site.options, {});
  EXPECT_TRUE(sink) << sink.error().message;
  for (std::size_t i = 0; i < count; ++i) {
    const PlainMessage message = numbered(i);
    EXPECT_TRUE((*sink)->publish({message.subject, views(message), message.payload}, i));
  }
  std::size_t answered = 0;
  EXPECT_TRUE(eventually([&] {
    for (const auto& outcome : (*sink)->take_outcomes()) {
      EXPECT_TRUE(outcome.ack) << outcome.ack.error().message;
      EXPECT_EQ(outcome.token, answered);
      EXPECT_EQ(outcome.ack->sequence, ++answered);
    }
    return answered == count;
  })) << answered;
  auto source = site.broker->open_source({.stream = "S", .filter_subject = "S.>", .consumer = "c"});
  EXPECT_TRUE(source) << source.error().message;
  std::vector<PlainMessage> all;
  EXPECT_TRUE(eventually([&] {
    auto batch = (*source)->fetch({.max_messages = 1'000, .max_bytes = 8 << 20});
    EXPECT_TRUE(batch) << batch.error().message;
    for (const nats::Delivery& delivery : batch->deliveries()) {
      EXPECT_EQ(delivery.message.sequence, all.size() + 1);
      all.push_back(plain(delivery.message));
    }
    return all.size() >= count;
  })) << all.size();
  return all;
}

TEST(NatsChannelFormsTest, BothStoreTheSameAndWhatWasPublished) {
  constexpr std::size_t kMessages = 1'500;
  std::vector<PlainMessage> expected;
  for (std::size_t i = 0; i < kMessages; ++i) {
    expected.push_back(numbered(i));
  }
  EXPECT_TRUE(stored_by(Form::kWire, kMessages) == expected);
  EXPECT_TRUE(stored_by(Form::kTls, kMessages) == expected);
}

}  // namespace
}  // namespace nats3::test
