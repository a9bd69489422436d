#include "archive/epoch.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::archive {
namespace {

using ::testing::HasSubstr;

EpochDescription an_epoch() {
  return {.stream = "ORDERS",
          .name = "20261124T015425.123456789Z",
          .created = Timestamp{std::chrono::nanoseconds{1'795'485'265'123'456'789}},
          .config = {{"name", "ORDERS"}, {"max_bytes", -1}, {"unknown_field", {1, 2}}},
          .parent = "20260101T000000.000000000Z",
          .parent_last_sequences = {{"orders.%3E", 18'446'744'073'709'551'615u}},
          .filters = {{"orders.%3E", "orders.>"}}};
}

TEST(EpochTest, IsReadBack) {
  const auto text = serialize(an_epoch());
  ASSERT_TRUE(text);
  EXPECT_EQ(parse_epoch_description(*text).value(), an_epoch());
  EpochDescription without_parent = an_epoch();
  without_parent.parent.clear();
  without_parent.parent_last_sequences.clear();
  EXPECT_EQ(parse_epoch_description(serialize(without_parent).value()).value(), without_parent);
}

TEST(EpochTest, IsTheTextThatTheFormatSays) {
  EXPECT_EQ(serialize(an_epoch()).value(), R"({
  "config": {
    "max_bytes": -1,
    "name": "ORDERS",
    "unknown_field": [
      1,
      2
    ]
  },
  "created": "2026-11-24T01:54:25.123456789Z",
  "epoch": "20261124T015425.123456789Z",
  "filters": {
    "orders.%3E": "orders.>"
  },
  "format": 2,
  "parent": {
    "epoch": "20260101T000000.000000000Z",
    "last_sequences": {
      "orders.%3E": 18446744073709551615
    }
  },
  "stream": "ORDERS"
}
)");
}

TEST(EpochTest, RefusesNamesThatAreNotUtf8) {
  EpochDescription description = an_epoch();
  description.filters["x"] = "\xff";
  EXPECT_EQ(serialize(description).error().code, ErrorCode::kInvalid);
}

std::string flaw_of(std::string_view text) {
  const auto parsed = parse_epoch_description(text);
  return parsed ? "none" : parsed.error().message;
}

std::string with(const char* key, Json value) {
  Json json = Json::parse(serialize(an_epoch()).value());
  json[key] = std::move(value);
  return json.dump();
}

TEST(EpochTest, NamesWhatIsWrong) {
  EXPECT_EQ(flaw_of(with("added_later", 1)), "none");
  EXPECT_THAT(flaw_of(""), HasSubstr("stream.json: not JSON"));
  EXPECT_THAT(flaw_of("[]"), HasSubstr("object"));
  EXPECT_THAT(flaw_of("{}"), HasSubstr("'format' should be there"));
  EXPECT_THAT(flaw_of(with("stream", 1)), HasSubstr("'stream' should be a string"));
  EXPECT_THAT(flaw_of(with("created", "yesterday")), HasSubstr("'created' should be a time"));
  EXPECT_THAT(flaw_of(with("config", "x")), HasSubstr("'config' should be an object"));
  EXPECT_THAT(flaw_of(with("filters", {{"a", 1}})), HasSubstr("'filters'"));
  EXPECT_THAT(flaw_of(with("parent", {{"epoch", "x"}})), HasSubstr("'last_sequences'"));
  EXPECT_THAT(flaw_of(with("parent", {{"epoch", "x"}, {"last_sequences", {{"a", -1}}}})),
              HasSubstr("'last_sequences'"));
  EXPECT_THAT(flaw_of(with("format", 3)), HasSubstr("newer nats3"));
  EXPECT_EQ(parse_epoch_description(with("format", 3)).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(parse_epoch_description("{}").error().code, ErrorCode::kCorrupt);
}

TEST(EpochTest, TellsWhatIsSharedByFilter) {
  EXPECT_EQ(an_epoch().shared("orders.>"), 18'446'744'073'709'551'615u);
  EXPECT_EQ(an_epoch().shared("orders"), 0U);
}

TEST(CompleteUpToTest, IsReadBackAndRefusedWhenItIsWrong) {
  EXPECT_EQ(parse_complete(serialize(CompleteUpTo{~std::uint64_t{0}})).value().sequence,
            ~std::uint64_t{0});
  for (const std::string_view text :
       {"", "[]", "{}", R"({"format":2})", R"({"format":2,"sequence":-1})", R"({"sequence":1})"}) {
    EXPECT_EQ(parse_complete(text).error().code, ErrorCode::kCorrupt) << text;
  }
  EXPECT_EQ(parse_complete(R"({"format":3,"sequence":1})").error().code, ErrorCode::kInvalid);
}

TEST(WatermarkTest, IsReadBack) {
  Watermark watermark{~std::uint64_t{0}, Timestamp{std::chrono::nanoseconds{1}}};
  EXPECT_EQ(parse_watermark(serialize(watermark)).value(), watermark);
  watermark.deleted.add({5, 9});
  watermark.deleted.add({11, ~std::uint64_t{0}});
  EXPECT_EQ(parse_watermark(serialize(watermark)).value(), watermark);
}

// Earlier releases didn't tell which chunks were deleted.
TEST(WatermarkTest, OneWithoutRangesIsOneOfAllUpToIt) {
  const auto watermark =
      parse_watermark(R"({"format":2,"last_sequence":100,"last_time":"2026-11-24T01:54:25Z"})");
  ASSERT_TRUE(watermark) << watermark.error().message;
  EXPECT_THAT(watermark->deleted.ranges(), ::testing::ElementsAre(SequenceRange{1, 100}));
  const auto nothing =
      parse_watermark(R"({"format":2,"last_sequence":0,"last_time":"2026-11-24T01:54:25Z"})");
  EXPECT_THAT(nothing->deleted.ranges(), ::testing::IsEmpty());
}

TEST(WatermarkTest, RefusesRangesThatCannotBe) {
  std::string many = "[1,1]";
  for (std::size_t i = 1; i <= SequenceRanges::kMost; ++i) {
    many += fmt::format(",[{0},{0}]", 2 * i + 1);
  }
  for (const std::string& ranges :
       {std::string("[0,5]"), std::string("[6,5]"), std::string("[5]"), std::string("[5,6,7]"),
        std::string("5"), std::string("[5,\"6\"]"), std::string("[5,-6]"), std::string("[5,6.5]"),
        std::string("[5,9001]"), std::string("[1,5],[6,9]"), std::string("[5,9],[7,12]"),
        std::string("[11,12],[1,2]"), many}) {
    const auto watermark = parse_watermark(fmt::format(
        R"({{"format":2,"last_sequence":9000,"last_time":"2026-11-24T01:54:25Z","deleted":[{}]}})",
        ranges));
    ASSERT_FALSE(watermark) << ranges;
    EXPECT_EQ(watermark.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(watermark.error().message, ::testing::HasSubstr("'deleted'"));
  }
}

TEST(WatermarkTest, NamesWhatIsWrong) {
  for (const std::string_view text :
       {"", "{}", R"({"format":2})", R"({"format":2,"last_sequence":-1,"last_time":"x"})",
        R"({"format":2,"last_sequence":1.5,"last_time":"2026-11-24T01:54:25Z"})"}) {
    EXPECT_EQ(parse_watermark(text).error().code, ErrorCode::kCorrupt) << text;
  }
}

}  // namespace
}  // namespace nats3::archive
