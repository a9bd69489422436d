#include "nats/consumer_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/json.h"

namespace nats3::nats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// As a server answers it.
const Json& whole() {
  static const Json kWhole = Json::parse(R"({
    "name": "c", "num_pending": 7, "num_ack_pending": 2, "paused": true,
    "ack_floor": {"consumer_seq": 1, "stream_seq": 40},
    "delivered": {"consumer_seq": 3, "stream_seq": 42},
    "config": {"ack_policy": "explicit", "deliver_policy": "all", "deliver_subject": "push",
               "ack_wait": 30000000000, "max_deliver": 5, "headers_only": true,
               "max_ack_pending": 1000, "max_batch": 10, "max_bytes": 11, "max_expires": 12,
               "filter_subject": "a", "filter_subjects": ["b", "c"]}})");
  return kWhole;
}

TEST(ConsumerInfoTest, IsRead) {
  const auto info = parse_consumer_info(whole());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->name, "c");
  EXPECT_EQ(info->pending, 7U);
  EXPECT_EQ(info->unacknowledged, 2U);
  EXPECT_EQ(info->ack_floor, 40U);
  EXPECT_EQ(info->delivered, 42U);
  EXPECT_TRUE(info->paused);
  EXPECT_TRUE(info->config.explicit_ack());
  EXPECT_EQ(info->config.deliver_policy, "all");
  EXPECT_EQ(info->config.deliver_subject, "push");
  EXPECT_EQ(info->config.ack_wait, std::chrono::seconds{30});
  EXPECT_EQ(info->config.max_deliver, 5);
  EXPECT_TRUE(info->config.headers_only);
  EXPECT_EQ(info->config.max_ack_pending, 1000);
  EXPECT_EQ(info->config.max_batch, 10);
  EXPECT_EQ(info->config.max_bytes, 11);
  EXPECT_EQ(info->config.max_expires, std::chrono::nanoseconds{12});
  EXPECT_THAT(info->config.filters, ElementsAre("b", "c", "a"));
}

TEST(ConsumerInfoTest, MostMayBeMissing) {
  const auto info = parse_consumer_info({{"name", "c"}, {"config", Json::object()}});
  ASSERT_TRUE(info);
  EXPECT_EQ(info->config.max_deliver, -1);
  EXPECT_TRUE(info->config.filters.empty());
  EXPECT_FALSE(info->config.explicit_ack());
}

// Such an answer ended the process.
TEST(ConsumerInfoTest, AnythingInTheWrongPlaceIsAnErrorAndNoMore) {
  const Json flat = whole().flatten();
  const std::vector<Json> wrong_values{Json(), "text", true, Json::array({1}),
                                       Json::object({{"a", 1}})};
  for (const Json& wrong : wrong_values) {
    static_cast<void>(parse_consumer_info(wrong));
    std::vector<std::string> places{"/name", "/config", "/ack_floor", "/delivered"};
    for (const auto& place : flat.items()) {
      places.push_back(place.key());
    }
    for (const std::string& place : places) {
      Json answer = whole();
      answer[Json::json_pointer(place)] = wrong;
      const auto info = parse_consumer_info(answer);
      EXPECT_TRUE(info || info.error().code == ErrorCode::kInternal) << place;
    }
  }
  Json answer = whole();
  answer["config"]["max_batch"] = "many";
  const auto info = parse_consumer_info(answer);
  ASSERT_FALSE(info);
  EXPECT_THAT(info.error().message, HasSubstr("consumer info answer can't be read"));
}

}  // namespace
}  // namespace nats3::nats
