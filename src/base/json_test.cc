#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3 {
namespace {

using ::testing::HasSubstr;

std::string flaw_of(std::string_view text) {
  const auto json = parse_json(text);
  return json ? "none" : json.error().message;
}

// The public README's examples end in one.
TEST(JsonTest, TakesATrailingComma) {
  EXPECT_EQ(parse_json("{\n  \"bucket\": \"bucket-1\",\n}").value(),
            (Json{{"bucket", "bucket-1"}}));
  EXPECT_EQ(parse_json("[1, [2,],]").value(), Json::parse("[1, [2]]"));
}

TEST(JsonTest, LeavesCommasInStringsAlone) {
  EXPECT_EQ(parse_json(R"({"a,}": "b,]\",}",})").value(), Json::parse(R"({"a,}": "b,]\",}"})"));
}

TEST(JsonTest, RefusesOtherCommas) {
  for (const std::string_view text :
       {"[,]", "{,}", "[1,,]", "[1,,2]", "[,1]", "{\"a\":,}", "1,", ","}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
}

TEST(JsonTest, SaysWhereItStopsBeingJson) {
  EXPECT_THAT(flaw_of("{\n  \"a\": 1\n  \"b\": 2\n}"), HasSubstr("line 3, column"));
  EXPECT_THAT(flaw_of(""), HasSubstr("line 1, column 1"));
  EXPECT_NE(flaw_of("{} x"), "none");
  EXPECT_NE(flaw_of("\"\xff\""), "none");
}

// The parser takes one for the end of the text.
TEST(JsonTest, RefusesAZeroByteAnywhere) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {"{}\0"sv, "{}\0rubbish"sv, "\0{}"sv, "{\"a\0\": 1}"sv}) {
    EXPECT_THAT(flaw_of(text), HasSubstr("line 1, column")) << text;
  }
}

TEST(JsonTest, RefusesDeepNesting) {
  EXPECT_EQ(flaw_of(std::string(64, '[') + std::string(64, ']')), "none");
  EXPECT_THAT(flaw_of(std::string(65, '[') + std::string(65, ']')), HasSubstr("64 levels"));
  EXPECT_NE(flaw_of(std::string(1'000'000, '[')), "none");
}

TEST(JsonTest, NumberThatOverflowsIsAnErrorAndNoException) {
  EXPECT_THAT(flaw_of(R"({"a": 1e999})"), HasSubstr("number"));
}

TEST(JsonTest, NamesTheUnknownKeyAndTheNearestKnownOne) {
  const std::vector<std::string_view> known{"stream", "subject", "bucket"};
  EXPECT_TRUE(check_keys(Json{{"stream", 1}}, known));
  EXPECT_EQ(check_keys(Json{{"straem", 1}}, known).error().message,
            "unknown key 'straem'; did you mean 'stream'?");
  EXPECT_EQ(check_keys(Json{{"zzzzzzzzzz", 1}}, known).error().message,
            "unknown key 'zzzzzzzzzz'; known are stream, subject, bucket");
}

TEST(JsonTest, NearestIsEmptyWhenNothingIsNear) {
  EXPECT_EQ(nearest("bucket", {"buckets", "basket"}), "buckets");
  EXPECT_EQ(nearest("x", {"subject"}), "");
  EXPECT_EQ(nearest("", {}), "");
}

}  // namespace
}  // namespace nats3
