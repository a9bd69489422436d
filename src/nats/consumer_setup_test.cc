#include "nats/consumer_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::nats {
namespace {

// As a server describes a consumer.
Json config(const std::string& filter) {
  return {{"ack_policy", "explicit"},
          {"filter_subject", filter},
          {"ack_wait", 30'000'000'000},
          {"max_deliver", -1}};
}

bool fits(const Json& existing, const std::string& filter) {
  const auto info = parse_consumer_info({{"name", "c"}, {"config", existing}});
  EXPECT_TRUE(info);
  return check_existing_consumer(info->config,
                                 {.stream = "S", .filter_subject = filter, .consumer = "c"})
      .has_value();
}

TEST(ConsumerSetupTest, AFilterOfEverythingIsTheSameAsNone) {
  EXPECT_TRUE(fits(config(""), ">"));
  EXPECT_TRUE(fits(config(">"), ""));
  EXPECT_TRUE(fits(config("a.*"), "a.*"));
  EXPECT_FALSE(fits(config("a.*"), "a.>"));
}

TEST(ConsumerSetupTest, SeveralFiltersAreRead) {
  Json several = config("");
  several.erase("filter_subject");
  several["filter_subjects"] = {"a"};
  EXPECT_TRUE(fits(several, "a"));
  several["filter_subjects"] = {"a", "b"};
  EXPECT_FALSE(fits(several, "a"));
}

TEST(ConsumerSetupTest, AConsumerThatGivesMessagesUpOrTooLittleTimeIsRefused) {
  Json gives_up = config("a");
  gives_up["max_deliver"] = 5;
  EXPECT_FALSE(fits(gives_up, "a"));
  Json hurries = config("a");
  hurries["ack_wait"] = 1'000'000'000;
  EXPECT_FALSE(fits(hurries, "a"));
}

TEST(ConsumerSetupTest, AConsumerThatLeavesMessagesOutInBetweenIsRefused) {
  Json existing = config("a");
  existing["deliver_policy"] = "by_start_sequence";  // as our own have it
  EXPECT_TRUE(fits(existing, "a"));
  existing["deliver_policy"] = "last_per_subject";
  EXPECT_FALSE(fits(existing, "a"));
}

}  // namespace
}  // namespace nats3::nats
