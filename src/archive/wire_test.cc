#include "archive/wire.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace nats3::archive {
namespace {

TEST(WireTest, WritesFixedNumbersLittleEndian) {
  std::string out;
  put_fixed(out, std::uint32_t{0x04030201});
  put_fixed(out, std::uint16_t{0x0605});
  EXPECT_EQ(out, "\1\2\3\4\5\6");
}

TEST(WireTest, WritesVarintsInTheirShortestForm) {
  std::string out;
  for (const std::uint64_t value : {0, 127, 128, 300}) {
    put_varint(out, value);
  }
  EXPECT_EQ(out, std::string("\0\x7f\x80\1\xac\2", 6));
}

RC_GTEST_PROP(WireTest, ReadsWhatWasWritten, (std::uint64_t number, const std::string& bytes)) {
  std::string out;
  put_varint(out, number);
  put_fixed(out, number);
  put_bytes(out, bytes);
  ByteReader in(out);
  RC_ASSERT(in.varint() == number);
  RC_ASSERT(in.fixed<std::uint64_t>() == number);
  RC_ASSERT(in.bytes() == bytes);
  RC_ASSERT(in.ok() && in.remaining() == 0u);
}

RC_GTEST_PROP(WireTest, ZigzagKeepsEveryNumber, (std::int64_t number)) {
  RC_ASSERT(unzigzag(zigzag(number)) == number);
}

TEST(WireTest, ZigzagKeepsTheLargestNumbers) {
  for (const auto number :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(unzigzag(zigzag(number)), number);
  }
  EXPECT_EQ(zigzag(-1), 1u);
  EXPECT_EQ(zigzag(1), 2u);
}

bool reads_varint(std::string_view bytes) {
  ByteReader in(bytes);
  in.varint();
  return in.ok();
}

TEST(WireTest, TakesTheLargestVarint) {
  std::string out;
  put_varint(out, std::numeric_limits<std::uint64_t>::max());
  ByteReader in(out);
  EXPECT_EQ(in.varint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_TRUE(in.ok());
}

TEST(WireTest, RefusesVarintsThatAreCutOverlongOrTooLarge) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(reads_varint(""));
  EXPECT_FALSE(reads_varint("\x80"));
  EXPECT_FALSE(reads_varint("\x80\0"sv));
  EXPECT_FALSE(reads_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\2"));
  EXPECT_FALSE(reads_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\0"sv));
}

TEST(WireTest, StaysFailedAfterReadingPastTheEnd) {
  ByteReader in("abc");
  EXPECT_EQ(in.take(4), "");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.take(1), "");
  EXPECT_EQ(in.fixed<std::uint8_t>(), 0);
  EXPECT_EQ(in.varint(), 0u);
  EXPECT_FALSE(in.ok());
}

TEST(WireTest, LengthThatWrapsAroundIsRefused) {
  std::string out;
  put_varint(out, std::numeric_limits<std::uint64_t>::max());
  out += "abc";
  ByteReader in(out);
  EXPECT_EQ(in.bytes(), "");
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace nats3::archive
