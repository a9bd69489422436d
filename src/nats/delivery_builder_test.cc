#include "nats/delivery_builder.h"

#include <gtest/gtest.h>

#include <string>

namespace nats3::nats {
namespace {

AckSubject ack(std::uint64_t sequence) {
  AckSubject ack;
  ack.stream_sequence = sequence;
  return ack;
}

TEST(DeliveryBuilderTest, HeadersStayWithTheirMessages) {
  constexpr std::size_t kMessages = 100;  // so that the fields move as they grow
  std::vector<std::string> blocks;
  for (std::size_t i = 0; i < kMessages; ++i) {
    blocks.push_back(i % 2 == 0 ? "" : "NATS/1.0\r\nA: " + std::to_string(i) + "\r\nB: b\r\n\r\n");
  }
  DeliveryBuilder builder(std::make_shared<MessageArena>(), 1);
  for (std::size_t i = 0; i < kMessages; ++i) {
    MessageView message;
    message.headers = blocks[i];
    ASSERT_TRUE(builder.add(message, ack(i + 1)));
  }
  const DeliveryBatch batch = builder.finish();
  ASSERT_EQ(batch.deliveries().size(), kMessages);
  for (std::size_t i = 0; i < kMessages; ++i) {
    const archive::Message& message = batch.deliveries()[i].message;
    EXPECT_EQ(message.sequence, i + 1);
    ASSERT_EQ(message.headers.size(), i % 2 == 0 ? 0U : 2U);
    if (!message.headers.empty()) {
      EXPECT_EQ(message.headers[0].value, std::to_string(i));
      EXPECT_EQ(message.headers[1].name, "B");
    }
  }
}

TEST(DeliveryBuilderTest, AMessageWhoseHeadersCantBeReadIsNamedAndLeftOut) {
  DeliveryBuilder builder(std::make_shared<MessageArena>(), 2);
  MessageView message;
  message.headers = "NATS/1.0\r\nA: 1\r\n";  // without an empty line at the end
  const auto refused = builder.add(message, ack(7));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_NE(refused.error().message.find("message 7"), std::string::npos);
  message.headers = "NATS/1.0\r\nB: 2\r\n\r\n";
  ASSERT_TRUE(builder.add(message, ack(8)));
  const DeliveryBatch batch = builder.finish();
  ASSERT_EQ(batch.deliveries().size(), 1U);
  ASSERT_EQ(batch.deliveries()[0].message.headers.size(), 1U);
  EXPECT_EQ(batch.deliveries()[0].message.headers[0].name, "B");
}

}  // namespace
}  // namespace nats3::nats
