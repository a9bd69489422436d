// What the decoders of records refuse; chunk_test.cc has what they take.

#include "archive/records.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "archive/archive_testing.h"
#include "archive/text.h"
#include "archive/wire.h"

namespace nats3::archive {
namespace {

using ::testing::HasSubstr;
using testing::TestMessage;
using testing::TestMessages;

std::string content_of(Encoding encoding, const TestMessages& messages) {
  StringPool pool;
  const auto encoder =
      encoding == Encoding::kBinary ? make_binary_encoder(pool) : make_json_encoder();
  for (const TestMessage& message : messages) {
    message.view([&](const Message& view) { encoder->add(view, pool.intern(view.subject)); });
  }
  return encoder->take({});
}

TEST(BinaryRecordsTest, AreTheBytesThatTheFormatSays) {
  const std::string content = content_of(
      Encoding::kBinary, {{258, 1'000, "a", "xy"}, {260, 998, "a", "", {{"N", "v"}, {"N", ""}}}});
  std::string expected("n3b2\2\0\0\0\2\1\0\0\0\0\0\0\xe8\3\0\0\0\0\0\0", 24);
  expected += std::string("\0\0\0\1a\0\2xy", 9);          // new subject "a"
  expected += std::string("\2\3\1\2\0\1N\1v\2\0\0", 12);  // new name "N", then number 2
  EXPECT_EQ(content, expected);
}

TEST(BinaryRecordsTest, BeginEachFrameAnew) {
  StringPool pool;
  const auto encoder = make_binary_encoder(pool);
  const TestMessage message(1, 5, "orders.eu", "hello", {{"Name", "value"}});
  std::string first;
  for (int frame = 0; frame < 2; ++frame) {
    message.view([&](const Message& view) { encoder->add(view, pool.intern(view.subject)); });
    const std::string content = encoder->take("what was in this memory before");
    EXPECT_TRUE(frame == 0 || content == first);
    first = content;
    EXPECT_EQ(encoder->size(), 0u);
  }
}

std::string binary_frame(std::uint32_t count, std::string_view records,
                         std::uint64_t sequence = 1) {
  std::string content = "n3b2";
  put_fixed(content, count);
  put_fixed(content, sequence);
  put_fixed(content, std::uint64_t{0});
  content += records;
  return content;
}

std::string flaw_of(std::string_view content) {
  const auto records = decode_binary_records(content);
  return records ? "none" : records.error().message;
}

TEST(BinaryRecordsTest, RefuseWhatTheWriterCannotHaveMade) {
  using namespace std::string_literals;
  const std::string record = "\0\0\0\1a\0\0"s;
  EXPECT_EQ(flaw_of(binary_frame(1, record)), "none");
  EXPECT_THAT(flaw_of(""), HasSubstr("begin"));
  EXPECT_THAT(flaw_of("n3b1" + binary_frame(1, record).substr(4)), HasSubstr("begin"));
  EXPECT_THAT(flaw_of(binary_frame(0, "")), HasSubstr("count"));
  EXPECT_THAT(flaw_of(binary_frame(0xffff'ffff, record)), HasSubstr("count"));
  EXPECT_THAT(flaw_of(binary_frame(1, record, 0)), HasSubstr("sequence"));
  EXPECT_THAT(flaw_of(binary_frame(1, "\1\0\0\1a\0\0"s)), HasSubstr("sequence"));
  EXPECT_THAT(flaw_of(binary_frame(2, record + record)), HasSubstr("sequence"));
  EXPECT_THAT(flaw_of(binary_frame(2, record + "\1\0\1\0\0"s, ~std::uint64_t{0})),
              HasSubstr("sequence"));
  EXPECT_THAT(flaw_of(binary_frame(1, "\0\2\0\1a\0\0"s)), HasSubstr("time"));
  EXPECT_THAT(flaw_of(binary_frame(1, "\0\0\1\0\0"s)), HasSubstr("subject"));
  EXPECT_THAT(flaw_of(binary_frame(1, "\0\0\0\1a\x7f\0\0\0"s)), HasSubstr("more header"));
  EXPECT_THAT(flaw_of(binary_frame(1, "\0\0\0\1a\1\x05\0\0"s)), HasSubstr("header field"));
  EXPECT_THAT(flaw_of(binary_frame(1, "\0\0\0\1b\2\1\0\0\1a\0\0"s)), HasSubstr("sorted"));
  EXPECT_THAT(flaw_of(binary_frame(1, "\0\0\0\1a\0\5x"s)), HasSubstr("cut off"));
  EXPECT_THAT(flaw_of(binary_frame(1, record + "\0"s)), HasSubstr("after the last"));
}

TEST(JsonRecordsTest, AreTheLinesThatTheFormatSays) {
  EXPECT_EQ(
      content_of(Encoding::kJson,
                 {{1, 1'795'485'265'123'456'789, "a.b", "x\"\\\n\1/é", {{"N", "1"}, {"N", "2"}}},
                  {2, 0, "\xff", "\xff\1", {{"N", "\xff"}, {"O", ""}}}}),
      R"({"seq":1,"time":"2026-11-24T01:54:25.123456789Z","subject":"a.b",)"
      R"("headers":{"N":["1","2"]},"data":"x\"\\\n\u0001/é"})"
      "\n"
      R"({"seq":2,"time":"1970-01-01T00:00:00.000000000Z","subject_base64":"/w==",)"
      R"("headers_base64":{"Tg==":["/w=="],"Tw==":[""]},"data_base64":"/wE="})"
      "\n");
}

TEST(JsonRecordsTest, GoInBase64WhenEscapesWouldMakeThemMuchLonger) {
  const std::string controls(2 << 20, '\1');
  EXPECT_THAT(content_of(Encoding::kJson, {{1, 0, "a", controls}}).substr(0, 100),
              HasSubstr("data_base64"));
  const std::string lines(2 << 20, 'a');
  EXPECT_THAT(content_of(Encoding::kJson, {{1, 0, "a", lines + '\n'}}).substr(0, 100),
              HasSubstr("\"data\":"));
}

constexpr std::string_view kTime = "2026-11-24T01:54:25.123456789Z";

std::string json_line(std::string_view rest) {
  return R"({"seq":1,"time":"2026-11-24T01:54:25.123456789Z",)" + std::string(rest) + "}\n";
}

bool takes(std::string_view content) { return decode_json_records(content).has_value(); }

TEST(JsonRecordsTest, TakeKeysInAnyOrderAndWhiteSpace) {
  const auto records = decode_json_records(
      R"( { "data_base64" : "/w==", "headers_base64":{"Tg==":["/w=="]}, "subject":"\u00e9",)"
      R"("time":"2026-11-24T01:54:25.123456789Z", "seq":18446744073709551615 } )"
      "\n");
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_EQ(TestMessage(records->messages.front()),
            TestMessage(18'446'744'073'709'551'615u, 1'795'485'265'123'456'789, "é", "\xff",
                        {{"N", "\xff"}}));
}

TEST(JsonRecordsTest, RefuseWhatTheWriterCannotHaveMade) {
  const std::string good = json_line(R"("subject":"a","data":"")");
  EXPECT_TRUE(takes(good));
  EXPECT_FALSE(takes(""));
  EXPECT_FALSE(takes("\n"));
  EXPECT_FALSE(takes(good + "\n"));
  EXPECT_FALSE(takes(good + good)) << "a sequence twice";
  EXPECT_FALSE(takes(good.substr(0, good.size() - 1))) << "no end of line";
  EXPECT_FALSE(takes(good.substr(0, good.size() - 1) + std::string("\0rubbish\n", 9)));
  EXPECT_FALSE(takes("[]\n"));
  EXPECT_FALSE(takes("1\n"));
  EXPECT_FALSE(takes("\"a\"\n"));
  EXPECT_FALSE(takes("null\n"));
  EXPECT_FALSE(takes("{}{}\n"));
  EXPECT_FALSE(takes("{}\n"));
  for (const std::string_view rest : {
           R"("subject":"a")",
           R"("data":"")",
           R"("subject":"a","data":"","data":"")",
           R"("subject":"a","data":"","data_base64":"")",
           R"("subject":"a","data":"","other":1)",
           R"("subject":"a","data":null)",
           R"("subject":"a","data":true)",
           R"("subject":"a","data":1)",
           R"("subject":1,"data":"")",
           R"("subject":"a","data":{})",
           R"("subject":"a","data":[""])",
           R"("subject":"a","data":"",)",
           R"("subject":"a","data":"\ud800")",
           "\"subject\":\"a\",\"data\":\"\xff\"",
           R"("subject":"a","data_base64":"a")",
           R"("subject":"a","data_base64":"????")",
           R"("subject":"a","data":"","headers":{})",
           R"("subject":"a","data":"","headers":[])",
           R"("subject":"a","data":"","headers":{"N":[]})",
           R"("subject":"a","data":"","headers":{"N":"v"})",
           R"("subject":"a","data":"","headers":{"N":[["v"]]})",
           R"("subject":"a","data":"","headers":{"N":[1]})",
           R"("subject":"a","data":"","headers":{"N":["v"],"N":["w"]})",
           R"("subject":"a","data":"","headers":{"O":["v"],"N":["w"]})",
           R"("subject":"a","data":"","headers_base64":{"a":["b"]})",
           R"("subject":"a","data":"","seq":2)",
           R"("subject":"a","data":"","seq_base64":2)",
       }) {
    EXPECT_FALSE(takes(json_line(rest))) << rest;
  }
  for (const std::string_view seq : {"0", "-1", "1.0", "\"1\"", "18446744073709551616", "null"}) {
    EXPECT_FALSE(takes(fmt::format(R"({{"seq":{},"time":"{}","subject":"a","data":""}})"
                                   "\n",
                                   seq, kTime)))
        << seq;
  }
  for (const std::string_view time :
       {"", "2026-11-24T01:54:25Z", "2026-11-24T01:54:25.123456789+00:00",
        "2026-11-24T01:54:25.12345678Z", "2026-13-24T01:54:25.123456789Z"}) {
    EXPECT_FALSE(takes(fmt::format(R"({{"seq":1,"time":"{}","subject":"a","data":""}})"
                                   "\n",
                                   time)))
        << time;
  }
}

TEST(TextTest, KnowsUtf8) {
  for (const std::string_view text : {"", "abc", "é", "漢", "😀", "\xed\x9f\xbf", "\xee\x80\x80",
                                      "\xf4\x8f\xbf\xbf", "12345678é2345678"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const std::string_view bytes :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc3", "\xe6\xbc", "\xf0\x9f\x98", "\xc3(",
        "\xe6(\xbc", "12345678\xff"}) {
    EXPECT_FALSE(is_utf8(bytes));
  }
}

RC_GTEST_PROP(TextTest, EscapedSizeIsTheSizeOfTheEscaped, (const std::string& text)) {
  std::string out;
  append_json_string(out, text);
  RC_ASSERT(out.size() == json_escaped_size(text) + 2);
}

}  // namespace
}  // namespace nats3::archive
