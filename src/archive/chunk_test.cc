// Chunks, written and read again: examples. chunk_property_test.cc has the properties.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "archive/archive_testing.h"
#include "base/digest.h"

namespace nats3::archive {
namespace {

using testing::encode;
using ::testing::HasSubstr;
using testing::hide_frame;
using testing::messages_of;
using testing::messages_of_many_subjects;
using testing::options_for;
using testing::TestMessage;
using testing::TestMessages;
using testing::try_encode;

class ChunkTest : public ::testing::TestWithParam<Encoding> {
 protected:
  ChunkOptions options_ = options_for(GetParam());

  // Writes and reads `messages`, and expects the same again.
  void expect_roundtrip(const TestMessages& messages) {
    const std::string bytes = encode(options_, messages);
    const auto chunk = decode_chunk(bytes);
    ASSERT_TRUE(chunk) << chunk.error().message;
    EXPECT_TRUE(messages_of(*chunk) == messages);
  }
};

INSTANTIATE_TEST_SUITE_P(Encodings, ChunkTest,
                         ::testing::Values(Encoding::kBinary, Encoding::kJson),
                         [](const auto& param) {
                           return param.param == Encoding::kBinary ? "Binary" : "Json";
                         });

TEST_P(ChunkTest, GivesBackWhatWasWritten) {
  expect_roundtrip({{5, 1'000'000'007, "orders.eu", "hello"},
                    {6, 1'000'000'006, "orders.us", "", {{"Nats-Msg-Id", "6"}, {"Trace", "a"}}},
                    {9, 1'000'000'009, "orders.eu", "\xff", {{"Trace", "a"}, {"Trace", "b"}}}});
}

TEST_P(ChunkTest, TellsTheHashOfItsBytes) {
  ChunkWriter writer(options_);
  ASSERT_TRUE(writer.add({.sequence = 1, .subject = "orders.eu", .payload = "hello"}));
  const auto chunk = writer.finish();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->sha256, sha256(chunk->bytes));
}

TEST_P(ChunkTest, KeepsEveryByteValueEverywhere) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
  }
  expect_roundtrip({{1, 0, all, all, {{all, all}, {all, ""}}}});
}

TEST_P(ChunkTest, KeepsHeaderNamesApartByCase) {
  expect_roundtrip({{1, 0, "a", "", {{"KEY", "1"}, {"Key", "2"}, {"Key", "3"}, {"key", "4"}}}});
}

TEST_P(ChunkTest, KeepsTheWholeRangeOfNumbers) {
  expect_roundtrip({{1, std::numeric_limits<std::int64_t>::min(), "a", ""},
                    {2, std::numeric_limits<std::int64_t>::max(), "a", ""},
                    {std::numeric_limits<std::uint64_t>::max(), 0, "a", ""}});
}

TEST_P(ChunkTest, KeepsAPayloadOf64MiB) {
  // The worst of both: UTF-8, and every byte of it needs an escape of six.
  expect_roundtrip({{1, 0, "a", "before"},
                    {2, 0, "a", std::string(std::size_t{64} << 20, '\1')},
                    {3, 0, "a", "after"}});
}

TEST_P(ChunkTest, SplitsIntoFramesThatCanBeReadAlone) {
  options_.frame_bytes = 4'096;
  TestMessages messages;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    messages.emplace_back(i * 2, static_cast<std::int64_t>(i * 1'000),
                          "orders." + std::to_string(i % 7), std::string(i, 'x'));
  }
  const std::string bytes = encode(options_, messages);
  const auto index = ChunkIndex::parse(bytes, bytes.size());
  ASSERT_TRUE(index) << index.error().message;
  ASSERT_GT(index->frames.size(), 10u);

  const FrameInfo& frame = index->frames[5];
  const auto decoded =
      decode_frame(*index, 5, std::string_view(bytes).substr(frame.offset, frame.compressed_bytes));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_LE(frame.uncompressed_bytes, 4'096u + 512u);
  ASSERT_EQ(decoded->messages().size(), frame.count);
  for (const Message& message : decoded->messages()) {
    EXPECT_TRUE(TestMessage(message) == messages[message.sequence / 2 - 1]);
  }
  expect_roundtrip(messages);
}

TEST_P(ChunkTest, IndexTellsWhatTheChunkHolds) {
  options_.previous = 4;
  const std::string bytes = encode(options_, {{5, 70, "orders.eu", "hello"},
                                              {6, 60, "orders.us", "", {{"Name", "value"}}},
                                              {9, 90, "orders.eu", "!"}});
  const auto index = ChunkIndex::parse(bytes, bytes.size());
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_EQ(index->header, (ChunkHeader{.stream = "ORDERS",
                                        .epoch = "20261124T015425.123456789Z",
                                        .filter = "orders.>",
                                        .previous = 4,
                                        .encoding = GetParam()}));
  EXPECT_EQ(index->summary, (ChunkSummary{.first_sequence = 5,
                                          .last_sequence = 9,
                                          .count = 3,
                                          .content_bytes = 9 + 5 + 9 + 9 + 9 + 1,
                                          .time_min = Timestamp{std::chrono::nanoseconds{60}},
                                          .time_max = Timestamp{std::chrono::nanoseconds{90}}}));
  EXPECT_EQ(index->file_size, bytes.size());
  EXPECT_TRUE(index->may_contain_subject("orders.*"));
  EXPECT_FALSE(index->may_contain_subject("orders.de"));
  EXPECT_EQ(index->subjects.listed,
            (std::vector<SubjectCount>{{"orders.eu", 2}, {"orders.us", 1}}));
}

// The index is sealed with hashes that hold: so what reads single frames finds out as well.
TEST_P(ChunkTest, AFrameWithASubjectThatTheIndexDoesntListIsRefused) {
  const std::string bytes = encode(options_, {{1, 5, "orders.eu", "x"}, {2, 6, "orders.us", "y"}});
  ChunkIndex index = *ChunkIndex::parse(bytes, bytes.size());
  const FrameInfo frame = index.frames[0];
  const auto compressed = std::string_view(bytes).substr(frame.offset, frame.compressed_bytes);
  EXPECT_TRUE(decode_frame(index, 0, compressed));
  index.subjects.listed[1].subject = "orders.uz";
  const auto decoded = decode_frame(index, 0, compressed);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
}

TEST_P(ChunkTest, TellsWhichFrameHoldsASubject) {
  options_.frame_bytes = 4'096;
  const std::string bytes = encode(options_, messages_of_many_subjects());
  const auto chunk = decode_chunk(bytes);
  ASSERT_TRUE(chunk) << chunk.error().message;
  EXPECT_TRUE(chunk->index.subjects.tells_frames());
  std::size_t holding = 0;
  for (std::size_t i = 0; i < chunk->frames.size(); ++i) {
    for (const Message& message : chunk->frames[i].messages()) {
      EXPECT_TRUE(chunk->index.may_contain_subject(message.subject, i)) << message.sequence;
    }
    holding += chunk->index.may_contain_subject("s.7", i) ? 1 : 0;
  }
  EXPECT_GT(chunk->frames.size(), 20u);
  EXPECT_GE(holding, 2u);
  EXPECT_LE(holding, 3u) << "one false positive of 0.3 % for each frame at most";
}

// A load that passes frames over believes the filter; whoever reads them finds that it lies.
TEST_P(ChunkTest, AFilterThatLeavesOutAFrameIsFound) {
  options_.frame_bytes = 4'096;
  const std::string lying = hide_frame(encode(options_, messages_of_many_subjects()), 1);
  const auto index = ChunkIndex::parse(lying, lying.size());
  ASSERT_TRUE(index) << index.error().message;
  for (const std::size_t number : {0, 1, 2}) {
    const FrameInfo& frame = index->frames[number];
    const auto decoded = decode_frame(
        *index, number, std::string_view(lying).substr(frame.offset, frame.compressed_bytes));
    EXPECT_EQ(decoded.has_value(), number != 1) << number;
  }
  const auto verified = verify_chunk(lying);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(verified.error().message, HasSubstr("frame 2 of"));
}

TEST_P(ChunkTest, FramesOfDiverseSubjectsAreAQuarterAsLarge) {
  TestMessages diverse;
  TestMessages alike;
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    diverse.emplace_back(i, 0, "s." + std::to_string(i), std::string(1'000, 'x'));
    alike.emplace_back(i, 0, "s." + std::to_string(i % 100), std::string(1'000, 'x'));
  }
  for (const auto& [messages, limit] : {std::pair{diverse, 256u << 10}, {alike, 1u << 20}}) {
    const std::string bytes = encode(options_, messages);
    const auto index = ChunkIndex::parse(bytes, bytes.size());
    ASSERT_TRUE(index);
    for (const FrameInfo& frame : std::span(index->frames).first(index->frames.size() - 1)) {
      EXPECT_LT(frame.uncompressed_bytes, limit + 100'000);  // names and times come on top
      EXPECT_GT(frame.uncompressed_bytes, limit - 10'000);
    }
    EXPECT_EQ(index->frames.size() > 3, limit == 256u << 10) << index->frames.size();
  }
}

TEST_P(ChunkTest, SameMessagesGiveTheSameBytes) {
  const TestMessages messages{{1, 5, "orders.b", "x", {{"H", "1"}}}, {2, 6, "orders.a", "y"}};
  EXPECT_EQ(encode(options_, messages), encode(options_, messages));
}

TEST_P(ChunkTest, SameContentWhateverCompressedIt) {
  const TestMessages messages{{1, 5, "orders.b", std::string(5'000, 'x')}, {2, 6, "a", "y"}};
  const std::string fast = encode(options_, messages);
  options_.zstd_level = 19;
  const std::string small = encode(options_, messages);
  options_.previous = 0;
  const std::string other = encode(options_, {{1, 5, "orders.b", "z"}, {2, 6, "a", "y"}});
  const auto a = ChunkIndex::parse(fast, fast.size());
  const auto b = ChunkIndex::parse(small, small.size());
  const auto c = ChunkIndex::parse(other, other.size());
  EXPECT_TRUE(same_content(*a, *b));
  EXPECT_FALSE(same_content(*a, *c));
}

TEST_P(ChunkTest, SameMessagesHoweverTheyAreDividedIntoFrames) {
  const TestMessages messages{{1, 5, "orders.b", std::string(500, 'x')},
                              {2, 6, "orders.a", "y", {{"H", "1"}}},
                              {3, 7, "orders.a", "z"}};
  const std::string one = encode(options_, messages);
  options_.frame_bytes = 100;
  const std::string several = encode(options_, messages);
  TestMessages others = messages;
  others[2].payload = "Z";
  const std::string other = encode(options_, others);
  EXPECT_FALSE(same_content(*ChunkIndex::parse(one, one.size()),
                            *ChunkIndex::parse(several, several.size())));
  EXPECT_TRUE(same_messages(one, several).value());
  EXPECT_TRUE(same_messages(several, one).value());
  EXPECT_FALSE(same_messages(one, other).value());
  EXPECT_FALSE(same_messages(several, other).value());
  std::string damaged = several;
  damaged[several.size() / 3] ^= 1;
  EXPECT_EQ(same_messages(one, damaged).error().code, ErrorCode::kCorrupt);
  options_.previous = 0;
  options_.filter = "orders.*";
  EXPECT_FALSE(same_messages(one, encode(options_, messages)).value());
}

TEST_P(ChunkTest, RefusesASequenceThatDoesNotAscend) {
  for (const std::uint64_t second : {0, 4, 5}) {
    const auto chunk = try_encode(options_, {{5, 0, "a", ""}, {second, 0, "a", ""}});
    ASSERT_FALSE(chunk);
    EXPECT_EQ(chunk.error().code, ErrorCode::kInvalid);
  }
  options_.previous = 5;
  EXPECT_FALSE(try_encode(options_, {{5, 0, "a", ""}}));
  EXPECT_TRUE(try_encode(options_, {{6, 0, "a", ""}}));
}

TEST_P(ChunkTest, RefusesHeadersThatAreNotSorted) {
  const auto chunk = try_encode(options_, {{1, 0, "a", "", {{"b", "1"}, {"a", "2"}}}});
  ASSERT_FALSE(chunk);
  EXPECT_THAT(chunk.error().message, HasSubstr("sorted"));
}

TEST_P(ChunkTest, GoesOnAfterAMessageThatWasRefused) {
  ChunkWriter writer(options_);
  const auto add = [&](std::uint64_t sequence) {
    return TestMessage(sequence, 0, "a", "").view([&](const Message& m) { return writer.add(m); });
  };
  EXPECT_TRUE(add(2));
  EXPECT_FALSE(add(2));
  EXPECT_TRUE(add(3));
  const auto chunk = writer.finish();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->summary.count, 2u);
  EXPECT_TRUE(verify_chunk(chunk->bytes));
}

TEST_P(ChunkTest, RefusesAChunkWithoutMessages) {
  const auto chunk = try_encode(options_, {});
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().code, ErrorCode::kInvalid);
}

TEST_P(ChunkTest, RefusesOptionsThatCannotBe) {
  for (const int level : {0, 20, -5}) {
    options_.zstd_level = level;
    EXPECT_FALSE(try_encode(options_, {{1, 0, "a", ""}}));
  }
  options_.zstd_level = 1;
  options_.frame_bytes = 0;
  EXPECT_FALSE(try_encode(options_, {{1, 0, "a", ""}}));
  options_.frame_bytes = 1;
  options_.filter = std::string(70'000, 'x');
  EXPECT_FALSE(try_encode(options_, {{1, 0, "a", ""}}));
}

TEST_P(ChunkTest, RefusesAMessageThatNoReaderWouldTake) {
  const auto chunk = try_encode(options_, {{1, 0, "a", std::string(kMaxContentBytes, 'x')}});
  ASSERT_FALSE(chunk);
  EXPECT_EQ(chunk.error().code, ErrorCode::kInvalid);
}

// What frames cost beyond subject and payload, with as many subjects as `subjects`.
double binary_overhead(std::uint64_t subjects) {
  TestMessages messages;
  std::uint64_t content = 0;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    messages.emplace_back(i + 1,
                          static_cast<std::int64_t>(1'800'000'000'000'000'000 + i * 30'123'457),
                          "sensors." + std::to_string(i * 7'919 % subjects), std::string(100, 'x'));
    content += 100;
  }
  const std::string bytes = encode(options_for(Encoding::kBinary), messages);
  const auto index = ChunkIndex::parse(bytes, bytes.size());
  std::uint64_t uncompressed = 0;
  for (const FrameInfo& frame : index->frames) {
    uncompressed += frame.uncompressed_bytes;
    // The subject, written once a frame, is content.
    content += std::min<std::uint64_t>(frame.count, subjects) * 13;
  }
  return (static_cast<double>(uncompressed) - static_cast<double>(content)) / 20'000;
}

TEST(ChunkBinaryTest, FramingOfSmallMessagesIsAtMostTwelveBytes) {
  for (const std::uint64_t subjects : {1, 10, 10'000}) {
    EXPECT_LE(binary_overhead(subjects), 12) << subjects;
  }
}

}  // namespace
}  // namespace nats3::archive
