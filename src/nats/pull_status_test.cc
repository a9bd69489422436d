#include "nats/pull_status.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace nats3::nats {
namespace {

using Kind = PullStatus::Kind;

MessageView status(const std::string& block) {
  MessageView message;
  message.headers = block;
  return message;
}

TEST(PullStatusTest, EachSaysWhatBecomesOfTheRequest) {
  const std::vector<std::pair<std::string_view, Kind>> all{
      {"404 No Messages", Kind::kEnded},
      {"408 Request Timeout", Kind::kEnded},
      {"409 Batch Completed", Kind::kEnded},
      {"409 Message Size Exceeds MaxBytes", Kind::kTooLarge},
      {"409 Exceeded MaxWaiting", Kind::kCrowded},
      {"409 Exceeded MaxRequestBatch of 10", Kind::kRefused},
      {"409 Consumer is push based", Kind::kRefused},
      {"400 Bad Request", Kind::kRefused},
      {"409 Consumer Deleted", Kind::kGone},
      {"409 Leadership Change", Kind::kGone},
      {"409 Server Shutdown", Kind::kGone},
      {"503", Kind::kGone},
  };
  for (const auto& [line, kind] : all) {
    const std::string block = fmt::format("NATS/1.0 {}\r\n\r\n", line);
    EXPECT_FALSE(is_heartbeat(status(block))) << line;
    const auto read = read_pull_status(status(block));
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(read->kind, kind) << line;
    EXPECT_THAT(read->text, ::testing::StartsWith(line));
    EXPECT_FALSE(read->messages_left);
  }
}

TEST(PullStatusTest, WhatARequestDidNotBringIsTold) {
  const std::string block =
      "NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 7\r\nNats-Pending-Bytes: x\r\n\r\n";
  const auto read = read_pull_status(status(block));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->messages_left, 7U);
  EXPECT_FALSE(read->bytes_left) << "not a number";
}

TEST(PullStatusTest, AHeartbeatIsOneWithOrWithoutItsHeaders) {
  EXPECT_TRUE(is_heartbeat(status("NATS/1.0 100 Idle Heartbeat\r\nNats-Last-Consumer: 1\r\n\r\n")));
  EXPECT_TRUE(is_heartbeat(status("NATS/1.0 100\r\n\r\n")));
  EXPECT_TRUE(is_heartbeat(status("")));
  EXPECT_FALSE(is_heartbeat(status("NATS/1.0 1000\r\n\r\n")));
}

TEST(PullStatusTest, WhatIsNoHeaderBlockIsAnError) {
  EXPECT_EQ(read_pull_status(status("HTTP/1.1 200\r\n\r\n")).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace nats3::nats
