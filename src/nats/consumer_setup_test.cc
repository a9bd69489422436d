#include "nats/consumer_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::nats {
namespace {

Json config(const std::string& filter) {
  return {{"ack_policy", "explicit"}, {"filter_subject", filter}};
}

bool fits(const Json& existing, const std::string& filter) {
  return check_existing_consumer(existing,
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
  EXPECT_TRUE(fits({{"ack_policy", "explicit"}, {"filter_subjects", {"a"}}}, "a"));
  EXPECT_FALSE(fits({{"ack_policy", "explicit"}, {"filter_subjects", {"a", "b"}}}, "a"));
}

}  // namespace
}  // namespace nats3::nats
