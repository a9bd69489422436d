#include "archive/segment_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"

namespace nats3::archive {
namespace {

using ::testing::HasSubstr;

Timestamp at(std::int64_t nanoseconds) { return Timestamp{std::chrono::nanoseconds{nanoseconds}}; }

SegmentIndex some_index() {
  SegmentIndex index("ORDERS", "20261124T015425.123456789Z", "orders.>");
  index.begin_at(2);
  index.add({.end = 1'001,
             .chunks = 1'000,
             .messages = 1'500,
             .last = 1'002,
             .time_min = at(-5),
             .time_max = at(70)});
  index.add({.end = 9'000,
             .chunks = 1'001,
             .messages = 1'001,
             .last = 8'999,
             .time_min = at(20),
             .time_max = at(90)});
  return index;
}

std::string with_hash(std::string bytes) {
  const std::uint64_t hash = xxh3_64(std::string_view(bytes).substr(kIndexIdentityBytes));
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[16 + i] = static_cast<char>(hash >> (8 * i));
  }
  return bytes;
}

TEST(SegmentIndexTest, IsTheSameWhenItIsReadAgain) {
  const SegmentIndex index = some_index();
  const std::string bytes = index.serialize();
  const auto again = SegmentIndex::parse(bytes);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, index);
  EXPECT_EQ(again->begin(), 2);
  EXPECT_EQ(again->end(), 9'000);
  EXPECT_EQ(bytes.size(), 24 + 7 + 27 + 9 + 8 + 4 + 2 * 48);
}

TEST(SegmentIndexTest, AnEmptyOneCoversNothing) {
  const auto index = SegmentIndex::parse(SegmentIndex("S", "E", ">").serialize());
  ASSERT_TRUE(index);
  EXPECT_EQ(index->end(), 0);
}

TEST(SegmentIndexTest, NoticesEveryChangedByteAndEveryCut) {
  const std::string bytes = some_index().serialize();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    EXPECT_FALSE(SegmentIndex::parse(changed)) << "byte " << i;
    EXPECT_FALSE(SegmentIndex::parse(std::string_view(bytes).substr(0, i))) << i << " bytes";
  }
  EXPECT_FALSE(SegmentIndex::parse(bytes + '\0'));
}

TEST(SegmentIndexTest, RefusesANewerFormat) {
  std::string bytes = some_index().serialize();
  bytes[8] = 3;
  EXPECT_EQ(SegmentIndex::parse(bytes).error().code, ErrorCode::kInvalid);
}

TEST(SegmentIndexTest, RefusesSegmentsThatContradictThemselves) {
  const Segment good = some_index().segments().front();
  const auto refuses = [&](auto change) {
    SegmentIndex index("S", "E", ">");
    index.begin_at(400);
    Segment bad = good;
    change(bad);
    index.add(bad);
    const auto parsed = SegmentIndex::parse(index.serialize());
    return !parsed && parsed.error().code == ErrorCode::kCorrupt;
  };
  EXPECT_FALSE(refuses([](Segment&) {}));
  EXPECT_TRUE(refuses([](Segment& segment) { segment.end = 400; }));
  EXPECT_TRUE(refuses([](Segment& segment) { segment.chunks = 0; }));
  EXPECT_TRUE(refuses([](Segment& segment) { segment.messages = 999; }));
  EXPECT_TRUE(refuses([](Segment& segment) { segment.last = 999; }));
  EXPECT_TRUE(refuses([](Segment& segment) { segment.time_max = at(-6); }));
}

TEST(SegmentIndexTest, RefusesSegmentsThatDontFollowOneAnother) {
  SegmentIndex index = some_index();
  index.add(index.segments().front());
  EXPECT_THAT(SegmentIndex::parse(index.serialize()).error().message, HasSubstr("segment 2"));
}

TEST(SegmentIndexTest, RefusesABeginWithoutASegment) {
  SegmentIndex index("S", "E", ">");
  index.begin_at(7);
  EXPECT_THAT(SegmentIndex::parse(index.serialize()).error().message, HasSubstr("begins"));
}

TEST(SegmentIndexTest, AllocatesNothingForACountThatIsntThere) {
  std::string bytes = SegmentIndex("S", "E", ">").serialize();
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\x01\x00", 4);
  EXPECT_THAT(SegmentIndex::parse(with_hash(bytes)).error().message, HasSubstr("size"));
}

TEST(SegmentIndexTest, IsCutBeforeTheSegmentAChunkBelongsTo) {
  const auto ends = [](std::uint64_t first) {
    SegmentIndex index = some_index();
    index.cut(first);
    EXPECT_EQ(index.begin(), index.end() == 0 ? 0 : 2);
    return index.end();
  };
  EXPECT_EQ(ends(9'000), 9'000);
  EXPECT_EQ(ends(8'999), 1'001);
  EXPECT_EQ(ends(1'001), 1'001);
  EXPECT_EQ(ends(1'000), 0);
}

TEST(SegmentBuilderTest, ChunksThatBeginAtOneSequenceStayTogether) {
  SegmentBuilder builder;
  for (std::uint64_t first = 1; first <= 1'000; ++first) {
    EXPECT_FALSE(builder.ends_before(first));
    builder.add({.first = first, .last = first, .count = 1});
  }
  EXPECT_FALSE(builder.ends_before(1'000));
  builder.add({.first = 1'000, .last = 1'005, .time_min = at(-3), .time_max = at(9), .count = 4});
  EXPECT_TRUE(builder.ends_before(1'001));
  const Segment expected{.end = 1'001,
                         .chunks = 1'001,
                         .messages = 1'004,
                         .last = 1'005,
                         .time_min = at(-3),
                         .time_max = at(9)};
  EXPECT_EQ(builder.take(), expected);
  EXPECT_EQ(builder.chunks(), 0);
}

}  // namespace
}  // namespace nats3::archive
