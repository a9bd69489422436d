#include "archive/v1_chunk.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <sstream>

#include "archive/archive_testing.h"
#include "archive/v1_testing.h"
#include "base/json.h"

namespace nats3::archive {
namespace {

using testing::encode_v1;
using ::testing::HasSubstr;
using testing::TestMessage;
using testing::TestMessages;
using testing::V1TestMessage;
using testing::V1TestMessages;

constexpr auto kFolder = "tests/golden/v1/";

std::string read_file(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

TestMessages messages_of(const V1Chunk& chunk) {
  return {chunk.messages.begin(), chunk.messages.end()};
}

// As they should come out, by their place in the chunk; without the time, which nobody published.
TestMessages published() {
  TestMessages messages;
  const Json entries = *parse_json(read_file(std::string(kFolder) + "published.json"));
  for (const Json& entry : entries) {
    TestMessage message(entry["seq"], 0, entry["subject"],
                        *from_base64(entry["payload_b64"].get<std::string>()));
    if (!entry["headers"].is_null()) {
      for (const auto& [name, value] : entry["headers"].items()) {
        message.headers.emplace_back(name, value);
      }
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

V1TestMessages to_write(const V1Chunk& chunk) {
  V1TestMessages messages;
  for (const Message& message : chunk.messages) {
    V1TestMessage& out = messages.emplace_back();
    out.subject = message.subject;
    out.payload = message.payload;
    out.timestamp = format_time(message.time);
    for (const auto& [name, value] : message.headers) {
      if (!out.headers) {
        out.headers.emplace();
      }
      (*out.headers)[std::string(name)].emplace_back(value);
    }
  }
  return messages;
}

struct Fixture {
  const char* file;
  V1Codec codec;
  const char* first;  // timestamp
};

class V1FixtureTest : public ::testing::TestWithParam<Fixture> {
 protected:
  const std::string bytes_ = read_file(std::string(kFolder) + GetParam().file);
};

INSTANTIATE_TEST_SUITE_P(
    Codecs, V1FixtureTest,
    ::testing::Values(Fixture{"fx-json.json", V1Codec::kJson, "2026-11-23T20:13:16.850861165Z"},
                      Fixture{"fx-binary.bin", V1Codec::kBinary, "2026-11-23T20:13:30.962668997Z"}),
    [](const auto& param) { return param.param.codec == V1Codec::kJson ? "Json" : "Binary"; });

TEST_P(V1FixtureTest, IsReadAsItWasPublished) {
  const auto chunk = decode_v1_chunk(GetParam().codec, bytes_);
  ASSERT_TRUE(chunk) << chunk.error().message;
  EXPECT_EQ(format_time(chunk->time_min), GetParam().first);
  EXPECT_EQ(chunk->time_min, chunk->messages.front().time);
  EXPECT_EQ(chunk->time_max, chunk->messages.back().time);
  TestMessages messages = messages_of(*chunk);
  for (TestMessage& message : messages) {
    message.time = 0;
  }
  EXPECT_EQ(messages, published());
}

// So what is made for other tests is what the connector made.
TEST_P(V1FixtureTest, IsWhatTheTestsWriterMakes) {
  const auto chunk = decode_v1_chunk(GetParam().codec, bytes_);
  ASSERT_TRUE(chunk);
  V1TestMessages messages = to_write(*chunk);
  const std::vector<std::uint64_t> lengths{99, 52, 348, 98, 72, 5'074};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    messages[i].length = lengths[i];
  }
  EXPECT_EQ(encode_v1(GetParam().codec, messages), bytes_);
}

TEST_P(V1FixtureTest, AnyChangedByteIsAnError) {
  // One message is 5,000 times the same byte: some of those stand for all.
  const std::string run = GetParam().codec == V1Codec::kJson ? "122,122,122,122," : "zzzzzzzz";
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    if (bytes_.compare(at, run.size(), run) == 0) {
      at += 2 * run.size() + 1;
    }
    for (const int change : {1, 0x80}) {
      std::string damaged = bytes_;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      const auto chunk = decode_v1_chunk(GetParam().codec, damaged);
      ASSERT_FALSE(chunk) << "byte " << at << " ^ " << change;
      EXPECT_EQ(chunk.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST_P(V1FixtureTest, WhatIsCutOrTooLongIsAnError) {
  const std::size_t step = GetParam().codec == V1Codec::kJson ? 17 : 1;
  for (std::size_t size = 0; size < bytes_.size(); size += step) {
    ASSERT_FALSE(decode_v1_chunk(GetParam().codec, bytes_.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_v1_chunk(GetParam().codec, bytes_.substr(0, bytes_.size() - 1)));
  EXPECT_FALSE(decode_v1_chunk(GetParam().codec, bytes_ + '\0'));
  EXPECT_FALSE(decode_v1_chunk(GetParam().codec, bytes_ + "{}"));
  EXPECT_FALSE(decode_v1_chunk(GetParam().codec, bytes_ + bytes_));
}

class V1ChunkTest : public ::testing::TestWithParam<V1Codec> {
 protected:
  std::string error_of(std::string bytes) {
    const auto chunk = decode_v1_chunk(GetParam(), std::move(bytes));
    return chunk ? "none" : chunk.error().message;
  }
  V1TestMessages two_{{"a", "x", {}, "2026-01-01T00:00:00Z"},
                      {"a", "y", {}, "2026-01-01T00:00:01Z"}};
};

INSTANTIATE_TEST_SUITE_P(Codecs, V1ChunkTest, ::testing::Values(V1Codec::kJson, V1Codec::kBinary),
                         [](const auto& param) {
                           return param.param == V1Codec::kJson ? "Json" : "Binary";
                         });

TEST_P(V1ChunkTest, SaysWhichCheckFailed) {
  EXPECT_EQ(error_of(encode_v1(GetParam(), two_)), "none");
  EXPECT_THAT(error_of(encode_v1(GetParam(), two_, "NATS4")), HasSubstr("magic number"));
  EXPECT_THAT(error_of(encode_v1(GetParam(), two_, "NATS3", "1.1")), HasSubstr("version"));
  std::string bytes = encode_v1(GetParam(), two_);
  bytes[GetParam() == V1Codec::kJson ? bytes.find("120") + 2 : bytes.find('x')] ^= 1;
  EXPECT_THAT(error_of(bytes), HasSubstr("SHA-256"));
}

TEST_P(V1ChunkTest, ATimeThatIsNoneIsNamedByItsMessage) {
  std::string bytes = encode_v1(GetParam(), two_);
  bytes[bytes.find("2026-01-01T00:00:01Z")] = 'x';
  EXPECT_THAT(error_of(bytes), HasSubstr("message 2: "));
}

TEST_P(V1ChunkTest, NoHeadersAndEmptyHeadersAreBothNone) {
  two_[1].headers.emplace();
  const auto chunk = decode_v1_chunk(GetParam(), encode_v1(GetParam(), two_));
  ASSERT_TRUE(chunk) << chunk.error().message;
  EXPECT_TRUE(chunk->messages[0].headers.empty());
  EXPECT_TRUE(chunk->messages[1].headers.empty());
}

TEST_P(V1ChunkTest, StaysReadableWhenItIsMoved) {
  auto chunk = decode_v1_chunk(GetParam(), encode_v1(GetParam(), two_));
  ASSERT_TRUE(chunk);
  const V1Chunk moved = std::move(*chunk);
  EXPECT_EQ(moved.messages[1].payload, "y");
}

TEST_P(V1ChunkTest, AHeaderWithoutValuesIsAnError) {
  two_[0].headers = testing::V1Headers{{"Name", {}}};
  EXPECT_THAT(error_of(encode_v1(GetParam(), two_)), HasSubstr("no values"));
}

rc::Gen<V1TestMessage> gen_message() {
  return rc::gen::exec([] {
    const auto text = [](const char* characters) {
      return rc::gen::container<std::string>(rc::gen::elementOf(std::string(characters)));
    };
    V1TestMessage message;
    message.subject = *text("ab.\"\\");
    message.payload = *rc::gen::arbitrary<std::string>();
    if (*rc::gen::arbitrary<bool>()) {
      message.headers.emplace();
      for (const auto& name : *rc::gen::container<std::vector<std::string>>(text("aB\"\n"))) {
        (*message.headers)[name] =
            *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(text("v\\ \t")));
      }
    }
    constexpr const char* kFractions[] = {"", ".120", ".123456", ".123456789"};
    message.timestamp = fmt::format("20{:02}-01-01T00:00:00{}Z", *rc::gen::inRange(0, 99),
                                    kFractions[*rc::gen::inRange(0, 4)]);
    message.length = *rc::gen::arbitrary<std::uint32_t>();
    return message;
  });
}

RC_GTEST_PROP(V1ChunkProperties, WhatIsWrittenIsReadBack, ()) {
  const auto written =
      *rc::gen::resize(8, rc::gen::nonEmpty(rc::gen::container<V1TestMessages>(gen_message())));
  TestMessages expected;
  for (const V1TestMessage& message : written) {
    TestMessage& out = expected.emplace_back(
        expected.size() + 1, parse_time(message.timestamp)->time_since_epoch().count(),
        message.subject, message.payload);
    for (const auto& [name, values] : message.headers.value_or(testing::V1Headers{})) {
      for (const auto& value : values) {
        out.headers.emplace_back(name, value);
      }
    }
  }
  for (const V1Codec codec : {V1Codec::kJson, V1Codec::kBinary}) {
    const auto chunk = decode_v1_chunk(codec, encode_v1(codec, written));
    RC_ASSERT(chunk.has_value());
    RC_ASSERT(messages_of(*chunk) == expected);
  }
}

// A document that another tool wrote anew: other white space, other order.
TEST(V1JsonTest, TheOrderOfKeysDoesNotMatter) {
  V1TestMessages messages{
      {"a", "xy", testing::V1Headers{{"A", {"1", "2"}}, {"B", {"3"}}}, "2026-01-01T00:00:00.5Z"}};
  const std::string bytes = encode_v1(V1Codec::kJson, messages);
  const auto original = decode_v1_chunk(V1Codec::kJson, bytes);
  ASSERT_TRUE(original);
  const auto sorted = decode_v1_chunk(V1Codec::kJson, parse_json(bytes)->dump(2));
  ASSERT_TRUE(sorted) << sorted.error().message;
  EXPECT_EQ(messages_of(*sorted), messages_of(*original));
  std::string swapped = bytes;
  swapped.replace(swapped.find(R"("A":["1","2"],"B":["3"])"), 23, R"("B":["3"],"A":["1","2"])");
  ASSERT_NE(swapped, bytes);
  const auto reordered = decode_v1_chunk(V1Codec::kJson, swapped);
  ASSERT_TRUE(reordered) << reordered.error().message;
  EXPECT_EQ(messages_of(*reordered), messages_of(*original));
}

TEST(V1JsonTest, WhatIsNoChunkIsAnError) {
  const std::string deep(1'000'000, '[');
  for (const std::string& text : std::vector<std::string>{
           "", "null", "[]", "{}", "7", "\"\"", deep, R"({"block":)" + deep, R"({"block":{}})",
           R"({"block":{"messages":[[)", R"({"block":{"messages":[{"payload":[256]}]}})",
           R"({"block":{"messages":[{"payload":[-1]}]}})",
           R"({"block":{"messages":[{"payload":[1.5]}]}})",
           R"({"block":{"messages":[{"payload":[[1]]}]}})",
           R"({"block":{"messages":[{"payload":"text"}]}})", R"({"other":1})",
           R"({"version":"1.0","version":"1.0"})",
           R"({"block":{"messages":[{"headers":{"a":["1"],"b":["1"],"a":["1"]}}]}})"}) {
    const auto chunk = decode_v1_chunk(V1Codec::kJson, text);
    ASSERT_FALSE(chunk) << text.substr(0, 100);
    EXPECT_EQ(chunk.error().code, ErrorCode::kCorrupt);
  }
}

TEST(V1BinaryTest, ALengthBeyondTheEndTakesNoMemory) {
  const std::string bytes = read_file(std::string(kFolder) + "fx-binary.bin");
  for (std::size_t at = 0; at + 8 <= bytes.size(); ++at) {
    for (const std::uint64_t length :
         {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{1} << 40}) {
      std::string damaged = bytes.substr(0, at);
      put_fixed(damaged, length);
      damaged += bytes.substr(at + 8);
      ASSERT_TRUE(damaged == bytes || !decode_v1_chunk(V1Codec::kBinary, damaged)) << at;
    }
  }
}

TEST(V1ChunkNameTest, IsReadAndWritten) {
  const auto name = parse_v1_chunk_name("1795464796-6.json");
  ASSERT_TRUE(name);
  EXPECT_EQ(*name, (V1ChunkName{1'795'464'796, 6, V1Codec::kJson}));
  EXPECT_EQ(parse_v1_chunk_name("9-18446744073709551615.bin").value(),
            (V1ChunkName{9, ~std::uint64_t{0}, V1Codec::kBinary}));
}

TEST(V1ChunkNameTest, ForeignNamesAreNoChunks) {
  for (const std::string_view text :
       {"",
        "-",
        "1.json",
        "-1.json",
        "1-.json",
        "1-1",
        "1-1.",
        "1-1.jsonl",
        "1-1.json.tmp",
        "01-1.json",
        "1-01.bin",
        "1--1.bin",
        "-1-1.bin",
        "1-1-1.bin",
        "1-1.bin.zst",
        "+1-1.bin",
        " 1-1.bin",
        "1-1.BIN",
        "a-1.bin",
        "1-a.bin",
        "9223372037-1.bin",
        "18446744073709551616-1.bin",
        "1-18446744073709551616.bin",
        "watermark.json",
        "stream.json",
        "00000000000000000001-00000000000000001000-0-0-900.bin.zst"}) {
    EXPECT_FALSE(parse_v1_chunk_name(text)) << text;
  }
}

}  // namespace
}  // namespace nats3::archive
