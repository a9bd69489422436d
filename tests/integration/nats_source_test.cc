// The Source over libnats, against a real nats-server.
#include <fmt/format.h>

#include <random>

#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

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

}  // namespace
}  // namespace nats3::test
