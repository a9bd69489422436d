#include "nats/pub_ack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "nats/api_error.h"

namespace nats3::nats {
namespace {

using ::testing::HasSubstr;

void expect_ack(std::string_view text, std::uint64_t sequence, bool duplicate) {
  const auto ack = parse_pub_ack(text);
  ASSERT_TRUE(ack) << ack.error().message;
  EXPECT_EQ(ack->stream, "ORDERS");
  EXPECT_EQ(ack->sequence, sequence);
  EXPECT_EQ(ack->duplicate, duplicate);
}

TEST(PubAckTest, ReadsEveryFormServersWrite) {
  expect_ack(R"({"stream":"ORDERS", "seq":7})", 7, false);
  expect_ack(R"({"stream":"ORDERS","seq":18446744073709551615})", 18446744073709551615U, false);
  expect_ack(R"({"stream":"ORDERS", "seq":7,"duplicate": true})", 7, true);
  expect_ack(R"({"stream":"ORDERS","seq":7,"duplicate":false})", 7, false);
  expect_ack(R"({"stream":"ORDERS", "domain":"hub", "seq":7,"duplicate": true})", 7, true);
  expect_ack(R"({"type":"io.nats","seq":7,"domain":"hub","stream":"ORDERS"})", 7, false);
  expect_ack(R"({"stream":"ORDERS","seq":7,"val":"3","batch":"x"})", 7, false);
}

TEST(PubAckTest, TellsTheDomain) {
  EXPECT_EQ(parse_pub_ack(R"({"stream":"ORDERS","domain":"hub","seq":7})")->domain, "hub");
  EXPECT_EQ(parse_pub_ack(R"({"seq":7,"domain":"hub","stream":"ORDERS"})")->domain, "hub");
  EXPECT_EQ(parse_pub_ack(R"({"stream":"ORDERS","seq":7})")->domain, "");
}

ErrorCode code_of(std::string_view error) {
  const auto ack = parse_pub_ack(error);
  EXPECT_FALSE(ack);
  return ack ? ErrorCode::kInternal : ack.error().code;
}

TEST(PubAckTest, RefusalsThatCanPassAreUnavailable) {
  EXPECT_EQ(code_of(R"({"error":{"code":429,"err_code":10167,"description":"too many requests"}})"),
            ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(R"({"error":{"code":503,"err_code":10077,"description":"maximum messages"}})"),
            ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(R"({"error":{"code":503,"err_code":10008,"description":"no leader"}})"),
            ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(R"({"error":{"code":400,"err_code":10071,"description":"wrong last"}})"),
            ErrorCode::kConflict);
  EXPECT_EQ(code_of(R"({"error":{"code":400,"err_code":10070,"description":"wrong last msg"}})"),
            ErrorCode::kConflict);
  EXPECT_EQ(code_of(R"({"error":{"code":400,"err_code":10054,"description":"too large"}})"),
            ErrorCode::kInvalid);
}

TEST(PubAckTest, WhatIsNoAcknowledgementIsNotTakenForOne) {
  for (const std::string_view text :
       {"", "+OK", "{}", "[]", R"({"stream":"ORDERS"})", R"({"stream":"ORDERS","seq":-1})",
        R"({"stream":"ORDERS","seq":"7"})", R"({"stream":"ORDERS","seq":7)",
        R"({"stream":5,"seq":7})"}) {
    EXPECT_EQ(code_of(text), ErrorCode::kInternal) << text;
  }
}

TEST(PubAckTest, ErrorsKeepTheServersWords) {
  const auto ack = parse_pub_ack(
      R"({"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}})");
  EXPECT_THAT(ack.error().message, HasSubstr("maximum bytes exceeded"));
  EXPECT_THAT(ack.error().message, HasSubstr("10077"));
  EXPECT_THAT(to_error(ApiError{.code = 500, .err_code = 0, .description = ""}, "asking").message,
              HasSubstr("no reason given (500)"));
}

TEST(PubAckProperty, BothReadersAgree) {
  EXPECT_TRUE(rc::check([](std::uint64_t sequence, bool duplicate) {
    const std::string number = std::to_string(sequence);
    const std::string fast =
        R"({"stream":"S", "seq":)" + number + (duplicate ? R"(,"duplicate": true})" : "}");
    const std::string slow =
        R"({"seq":)" + number + R"(,"stream":"S","duplicate":)" + (duplicate ? "true}" : "false}");
    const auto a = parse_pub_ack(fast);
    const auto b = parse_pub_ack(slow);
    RC_ASSERT(a.has_value() && b.has_value());
    RC_ASSERT(a->sequence == sequence && b->sequence == sequence);
    RC_ASSERT(a->duplicate == duplicate && b->duplicate == duplicate);
  }));
}

}  // namespace
}  // namespace nats3::nats
