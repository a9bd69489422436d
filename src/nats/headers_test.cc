#include "nats/headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace nats3::nats {
namespace {

using archive::HeaderField;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<HeaderField> parse(std::string_view block) {
  std::vector<HeaderField> fields;
  const auto parsed = parse_header_block(block, fields);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return fields;
}

TEST(HeadersTest, KeepsNamesValuesAndTheOrderOfOneName) {
  EXPECT_THAT(parse("NATS/1.0\r\nb: 2\r\nA: 1\r\nb: 1\r\nB:x\r\n\r\n"),
              ElementsAre(HeaderField{"A", "1"}, HeaderField{"B", "x"}, HeaderField{"b", "2"},
                          HeaderField{"b", "1"}));
}

TEST(HeadersTest, OneSpaceIsSyntaxAllElseIsTheValue) {
  EXPECT_THAT(parse("NATS/1.0\r\nA: \r\nB:\r\nC:  x \r\nD:\tx\r\nE: a:b\r\n\r\n"),
              ElementsAre(HeaderField{"A", ""}, HeaderField{"B", ""}, HeaderField{"C", " x "},
                          HeaderField{"D", "\tx"}, HeaderField{"E", "a:b"}));
}

TEST(HeadersTest, OddLinesLoseNothing) {
  EXPECT_THAT(parse("NATS/1.0\r\nfolded: a\r\n b\r\n\tc\r\nno colon\r\n: no name\r\n\r\n"),
              ElementsAre(HeaderField{"", "no name"}, HeaderField{"folded", "a\r\n b\r\n\tc"},
                          HeaderField{"no colon", ""}));
  EXPECT_THAT(parse("NATS/1.0\r\n\r\n"), IsEmpty());
}

TEST(HeadersTest, WhatIsNoBlockIsCorrupt) {
  for (const std::string_view block :
       {"", "NATS/1.0", "HTTP/1.1\r\n\r\n", "NATS/1.0\r\n", "NATS/1.0\r\nA: b",
        "NATS/1.0\r\nA: b\r\n", "NATS/1.0\r\nA: b\r\n c"}) {
    std::vector<HeaderField> fields;
    const auto parsed = parse_header_block(block, fields);
    ASSERT_FALSE(parsed) << block;
    EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt);
  }
}

TEST(HeadersTest, ReadsStatusLines) {
  const StatusLine status = parse_status_line("NATS/1.0 409 Consumer Deleted\r\n\r\n");
  EXPECT_EQ(status.code, 409);
  EXPECT_EQ(status.description, "Consumer Deleted");
  EXPECT_EQ(parse_status_line("NATS/1.0 503\r\n\r\n").code, 503);
  EXPECT_EQ(parse_status_line("NATS/1.0\r\nA: b\r\n\r\n").code, 0);
  EXPECT_EQ(parse_status_line("NATS/1.0 -4\r\n\r\n").code, 0);
  EXPECT_EQ(parse_status_line("").code, 0);
}

TEST(HeadersProperty, AnyBytesAreReadWithinTheirBounds) {
  EXPECT_TRUE(rc::check([](const std::string& tail) {
    const std::string block = "NATS/1.0\r\n" + tail;
    std::vector<HeaderField> fields;
    if (parse_header_block(block, fields)) {
      for (const HeaderField& field : fields) {
        RC_ASSERT(field.name.data() >= block.data());
        RC_ASSERT(field.value.empty() ||
                  field.value.data() + field.value.size() <= block.data() + block.size());
      }
    }
  }));
}

}  // namespace
}  // namespace nats3::nats
