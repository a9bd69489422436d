#include "nats/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::nats {
namespace {

using ::testing::HasSubstr;

TEST(CheckLedTest, AServerAloneAndALeaderAreBelieved) {
  EXPECT_TRUE(check_led(Json::parse(R"({"state":{"last_seq":7}})"), "stream S"));
  EXPECT_TRUE(
      check_led(Json::parse(R"({"cluster":{"name":"c","leader":"n1","replicas":[{"name":"n2"}]}})"),
                "stream S"));
}

TEST(CheckLedTest, AReplicaWithoutALeaderIsNot) {
  for (const char* cluster : {R"({"name":"c"})", R"({"name":"c","leader":""})", R"({"leader":7})",
                              R"({"leader":null})"}) {
    const auto led = check_led(Json{{"cluster", Json::parse(cluster)}}, "stream S");
    ASSERT_FALSE(led) << cluster;
    EXPECT_EQ(led.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(led.error().message, HasSubstr("stream S has no leader"));
  }
}

}  // namespace
}  // namespace nats3::nats
