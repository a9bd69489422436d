// What the index of a chunk refuses when its hash is right all the same: a writer with a bug, or a
// forger.

#include "archive/chunk_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "archive/archive_testing.h"

namespace nats3::archive {
namespace {

using testing::encode;
using ::testing::HasSubstr;
using testing::options_for;

class ChunkIndexTest : public ::testing::Test {
 protected:
  ChunkIndexTest() {
    ChunkOptions options = options_for(Encoding::kBinary);
    options.frame_bytes = 1;
    options.previous = 2;
    bytes_ = encode(options, {{5, 50, "a", "x"}, {6, 60, "b", "y"}, {9, 40, "a", "z"}});
    index_ = ChunkIndex::parse(bytes_, bytes_.size()).value();
    const FrameInfo& last = index_.frames.back();
    footer_offset_ = last.offset + last.compressed_bytes;
  }

  // What parsing says to an index that `change` was applied to.
  std::string flaw_after(const std::function<void(ChunkIndex&)>& change) {
    ChunkIndex index = index_;
    change(index);
    const std::string bytes = bytes_.substr(0, footer_offset_) + make_index(index, footer_offset_);
    const auto parsed = ChunkIndex::parse(bytes, bytes.size());
    return parsed ? "none" : parsed.error().message;
  }

  std::string bytes_;
  ChunkIndex index_;
  std::uint64_t footer_offset_ = 0;
};

TEST_F(ChunkIndexTest, IsReadOffTheEndAlone) {
  const auto tail =
      parse_tail(std::string_view(bytes_).substr(bytes_.size() - kTailBytes), bytes_.size());
  ASSERT_TRUE(tail);
  const std::string end = bytes_.substr(bytes_.size() - tail->index_bytes);
  EXPECT_EQ(ChunkIndex::parse(end, bytes_.size()).value(), index_);
  EXPECT_EQ(ChunkIndex::parse(end.substr(1), bytes_.size()).error().code, ErrorCode::kInvalid);
}

TEST_F(ChunkIndexTest, HeaderIsReadOffTheBeginning) {
  const auto header = parse_header_frame(bytes_);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->header, index_.header);
  EXPECT_EQ(header->size, index_.frames.front().offset);
  EXPECT_FALSE(parse_header_frame(bytes_.substr(0, header->size - 1)));
  EXPECT_FALSE(parse_header_frame(bytes_.substr(1)));
}

TEST_F(ChunkIndexTest, RefusesWhatContradictsItself) {
  EXPECT_EQ(flaw_after([](ChunkIndex&) {}), "none");
  EXPECT_EQ(flaw_after([](ChunkIndex& i) { i.header.previous = 4; }), "none");
  using Change = std::function<void(ChunkIndex&)>;
  const std::vector<Change> changes{
      [](ChunkIndex& i) { i.frames.clear(); },
      [](ChunkIndex& i) { i.frames.pop_back(); },
      [](ChunkIndex& i) { std::swap(i.frames[0], i.frames[1]); },
      [](ChunkIndex& i) { i.frames[0].offset += 1; },
      [](ChunkIndex& i) { i.frames[0].compressed_bytes += 1; },
      [](ChunkIndex& i) { i.frames[0].compressed_bytes = 0; },
      [](ChunkIndex& i) { i.frames[0].uncompressed_bytes = 0; },
      [](ChunkIndex& i) { i.frames[0].uncompressed_bytes = kMaxFrameBytes + 1; },
      [](ChunkIndex& i) { i.frames[0].count = 0; },
      [](ChunkIndex& i) { i.frames[0].count = 2; },
      [](ChunkIndex& i) { i.frames[0].first_sequence = 4; },
      [](ChunkIndex& i) { i.frames[0].last_sequence = 6; },
      [](ChunkIndex& i) { i.frames[0].time_min = Timestamp::max(); },
      [](ChunkIndex& i) { i.summary.first_sequence = 4; },
      [](ChunkIndex& i) { i.summary.last_sequence = 10; },
      [](ChunkIndex& i) { i.summary.count = 4; },
      [](ChunkIndex& i) { i.summary.time_min = Timestamp::min(); },
      [](ChunkIndex& i) { i.summary.time_max = Timestamp::max(); },
      [](ChunkIndex& i) { i.header.previous = 5; },
      [](ChunkIndex& i) { i.header.encoding = static_cast<Encoding>(3); },  // NOLINT: no such one
      [](ChunkIndex& i) { i.header.filter = std::string(kMaxNameBytes + 1, 'x'); },
      [](ChunkIndex& i) { i.header.stream += "x"; },  // moves the frames
      [](ChunkIndex& i) { i.subjects.listed[0].count += 1; },
      [](ChunkIndex& i) { i.subjects.listed[0].count = ~std::uint64_t{0}; },
      [](ChunkIndex& i) { i.subjects.listed.pop_back(), i.subjects.distinct = 1; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    EXPECT_NE(flaw_after(changes[i]), "none") << "change " << i;
  }
}

TEST_F(ChunkIndexTest, FramesThatAreNotThoseOfTheIndexAreRefused) {
  const auto decode_after = [&](const std::function<void(FrameInfo&)>& change) {
    ChunkIndex index = index_;
    change(index.frames[1]);
    const FrameInfo& frame = index_.frames[1];
    return decode_frame(index, 1,
                        std::string_view(bytes_).substr(frame.offset, frame.compressed_bytes))
        .has_value();
  };
  EXPECT_TRUE(decode_after([](FrameInfo&) {}));
  EXPECT_FALSE(decode_after([](FrameInfo& f) { f.content_hash ^= 1; }));
  EXPECT_FALSE(decode_after([](FrameInfo& f) { f.count = 2; }));
  EXPECT_FALSE(decode_after([](FrameInfo& f) { f.first_sequence = 5; }));
  EXPECT_FALSE(decode_after([](FrameInfo& f) { f.last_sequence = 7; }));
  EXPECT_FALSE(decode_after([](FrameInfo& f) { f.time_min -= std::chrono::nanoseconds{1}; }));
  EXPECT_FALSE(decode_after([](FrameInfo& f) { f.time_max += std::chrono::nanoseconds{1}; }));
  EXPECT_FALSE(decode_after([](FrameInfo& f) { f.uncompressed_bytes += 1; }));
  EXPECT_FALSE(decode_after([](FrameInfo& f) { f.uncompressed_bytes -= 1; }));
  EXPECT_FALSE(decode_frame(index_, 3, "").has_value());
}

TEST_F(ChunkIndexTest, FramesOfAnotherPlaceAreRefused) {
  const FrameInfo& other = index_.frames[2];
  const auto decoded = decode_frame(
      index_, 1, std::string_view(bytes_).substr(other.offset, other.compressed_bytes));
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(decoded.error().message, HasSubstr("frame 2 of 3 (messages 6 to 6)"));
}

TEST_F(ChunkIndexTest, SaysThatANewerFormatNeedsANewerReader) {
  std::string bytes = bytes_;
  bytes[bytes.size() - kTailBytes + 16] = 3;
  const auto tail = parse_tail(bytes, bytes.size());
  ASSERT_FALSE(tail);
  EXPECT_EQ(tail.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(tail.error().message, HasSubstr("newer nats3"));
}

TEST_F(ChunkIndexTest, SaysThatAnObjectWasCut) {
  EXPECT_THAT(parse_tail("", 0).error().message, HasSubstr("cut"));
  EXPECT_THAT(parse_tail(bytes_, bytes_.size() + 7).error().message, HasSubstr("was written with"));
}

}  // namespace
}  // namespace nats3::archive
