#include "nats/wire/operation_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <tuple>

namespace nats3::nats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Operation::Kind;

// An operation with its own memory, comparable and printable.
struct Read {
  Kind kind = Kind::kOk;
  std::string text;
  std::string subject;
  std::string reply;
  std::string headers;
  std::string payload;
  bool operator==(const Read&) const = default;
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name.
void PrintTo(const Read& read, std::ostream* out) {
  *out << fmt::format("{} \"{}\" {} {} \"{}\" \"{}\"", static_cast<int>(read.kind), read.text,
                      read.subject, read.reply, read.headers.substr(0, 100),
                      read.payload.substr(0, 100));
}

Read message(std::string subject, std::string reply, std::string headers, std::string payload) {
  return {.kind = Kind::kMessage,
          .text = {},
          .subject = std::move(subject),
          .reply = std::move(reply),
          .headers = std::move(headers),
          .payload = std::move(payload)};
}

Read other(Kind kind, std::string text = {}) {
  return {.kind = kind,
          .text = std::move(text),
          .subject = {},
          .reply = {},
          .headers = {},
          .payload = {}};
}

Read copy(const Operation& operation) {
  return {.kind = operation.kind,
          .text = std::string(operation.text),
          .subject = std::string(operation.message.subject),
          .reply = std::string(operation.message.reply),
          .headers = std::string(operation.message.headers),
          .payload = std::string(operation.message.payload)};
}

// Puts as much of `bytes` there as one space() takes, and takes it off.
void feed(OperationReader& reader, std::string_view& bytes, std::size_t at_most) {
  const std::span<char> space = reader.space();
  ASSERT_FALSE(space.empty());
  const std::size_t count = std::min({space.size(), bytes.size(), at_most});
  std::ranges::copy(bytes.substr(0, count), space.begin());
  reader.received(count);
  bytes.remove_prefix(count);
}

// The operations in `bytes`, delivered `piece` bytes at a time; stops at the first error.
struct AllRead {
  std::vector<Read> operations;
  Error error{ErrorCode::kCancelled, ""};  // kCancelled: none
};

AllRead read_all(OperationReader& reader, std::string_view bytes,
                 std::size_t piece = std::string_view::npos) {
  AllRead all;
  while (!bytes.empty()) {
    feed(reader, bytes, piece);
    for (;;) {
      const auto operation = reader.next();
      if (!operation) {
        all.error = operation.error();
        return all;
      }
      if (!*operation) {
        break;
      }
      all.operations.push_back(copy(**operation));
    }
  }
  return all;
}

std::vector<Read> read(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  OperationReader reader;
  AllRead all = read_all(reader, bytes, piece);
  EXPECT_EQ(all.error.code, ErrorCode::kCancelled) << all.error.message;
  return all.operations;
}

constexpr std::string_view kHeaders = "NATS/1.0\r\nA: b\r\n\r\n";

std::string hmsg(std::string_view arguments, std::string_view headers, std::string_view payload) {
  return fmt::format("HMSG {} {} {}\r\n{}{}\r\n", arguments, headers.size(),
                     headers.size() + payload.size(), headers, payload);
}

TEST(OperationReaderTest, ReadsEveryOperation) {
  EXPECT_THAT(read("PING\r\nPONG\r\n+OK\r\nINFO {\"a\":1} \r\n-ERR 'Slow Consumer'\r\n"),
              ElementsAre(other(Kind::kPing), other(Kind::kPong), other(Kind::kOk),
                          other(Kind::kInfo, "{\"a\":1} "), other(Kind::kError, "Slow Consumer")));
}

TEST(OperationReaderTest, TheTextOfAnErrorLosesOnlyItsQuotes) {
  EXPECT_THAT(
      read("-ERR\r\n-ERR ''\r\n-ERR '\r\n-ERR no quotes\r\n-ERR \t'a 'b' c'\r\n-ERR 'a\" \r\n"),
      ElementsAre(other(Kind::kError), other(Kind::kError), other(Kind::kError, "'"),
                  other(Kind::kError, "no quotes"), other(Kind::kError, "a 'b' c"),
                  other(Kind::kError, "'a\" ")));
}

TEST(OperationReaderTest, ReadsMessagesWithAndWithoutReplyAndHeaders) {
  EXPECT_THAT(read("MSG a.b 1 5\r\nhello\r\nMSG a.b 1 re.ply 5\r\nhello\r\n"),
              ElementsAre(message("a.b", "", "", "hello"), message("a.b", "re.ply", "", "hello")));
  EXPECT_THAT(read(hmsg("a.b 1", kHeaders, "hello") + hmsg("a.b 1 re.ply", kHeaders, "hello")),
              ElementsAre(message("a.b", "", std::string(kHeaders), "hello"),
                          message("a.b", "re.ply", std::string(kHeaders), "hello")));
}

TEST(OperationReaderTest, ReadsEmptyPayloadsAndEmptyHeaders) {
  EXPECT_THAT(read("MSG a 1 0\r\n\r\n" + hmsg("a 1", kHeaders, "") + "HMSG a 1 0 1\r\nx\r\n" +
                   "HMSG a 1 0 0\r\n\r\nPING\r\n"),
              ElementsAre(message("a", "", "", ""), message("a", "", std::string(kHeaders), ""),
                          message("a", "", "", "x"), message("a", "", "", ""), other(Kind::kPing)));
}

TEST(OperationReaderTest, APayloadThatLooksLikeTheProtocolIsAPayload) {
  const std::string payload = "\r\nMSG b 1 1\r\nx\r\n-ERR 'no'\r\n\r\n";
  const std::string bytes = fmt::format("MSG a 1 {}\r\n{}\r\nPING\r\n", payload.size(), payload);
  EXPECT_THAT(read(bytes), ElementsAre(message("a", "", "", payload), other(Kind::kPing)));
  EXPECT_THAT(read(bytes, 1), ElementsAre(message("a", "", "", payload), other(Kind::kPing)));
  using namespace std::string_view_literals;
  EXPECT_THAT(read("MSG a 1 4\r\n\0\xff\r\n\r\n"sv),
              ElementsAre(message("a", "", "", std::string("\0\xff\r\n"sv))));
}

TEST(OperationReaderTest, TabsAndSeveralBlanksSeparateWords) {
  EXPECT_THAT(read("MSG\ta\t1\tr\t1\r\nx\r\nMSG  a \t 1   1 \t\r\nx\r\n PING \r\n\tPONG\t\r\n"),
              ElementsAre(message("a", "r", "", "x"), message("a", "", "", "x"), other(Kind::kPing),
                          other(Kind::kPong)));
}

TEST(OperationReaderTest, WhatIsThereInPartIsNothingYet) {
  OperationReader reader;
  std::string_view bytes = "MSG a 1 5\r\nhello\r\n";
  while (bytes.size() > 1) {
    feed(reader, bytes, 1);
    const auto operation = reader.next();
    ASSERT_TRUE(operation);
    ASSERT_FALSE(*operation);
  }
  feed(reader, bytes, 1);
  EXPECT_TRUE(*reader.next());
  EXPECT_FALSE(*reader.next());
}

// Refused, once and again, with more bytes and without.
void expect_refused(std::string_view bytes) {
  OperationReader reader;
  const AllRead first = read_all(reader, bytes);
  EXPECT_EQ(first.error.code, ErrorCode::kCorrupt) << bytes.substr(0, 100);
  EXPECT_THAT(first.operations, IsEmpty()) << bytes.substr(0, 100);
  EXPECT_THAT(first.error.message, HasSubstr("doesn't speak NATS"));
  EXPECT_LT(first.error.message.size(), 150U) << "shows a part of what came";
  for (int i = 0; i < 3; ++i) {
    const auto again = reader.next();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kCorrupt);
    const AllRead more = read_all(reader, "\r\nPING\r\n");
    EXPECT_EQ(more.error.code, ErrorCode::kCorrupt);
    EXPECT_THAT(more.operations, IsEmpty());
  }
}

TEST(OperationReaderTest, UnknownOperationsAreRefused) {
  for (const std::string_view line : {"\r\n", " \r\n", "HTTP/1.1 400 Bad Request\r\n", "ping\r\n",
                                      "PINGS\r\n", "MSG\r\n", "HMSG\r\n", "PUB a 1\r\nx\r\n",
                                      "OK\r\n", "ERR 'x'\r\n", "\x16\x03\x01\r\n", "PING\n\r\n"}) {
    expect_refused(line);
  }
}

TEST(OperationReaderTest, AnErrorShowsNoControlCharacters) {
  OperationReader reader;
  const AllRead all = read_all(reader, "\x1b[31mred\xff\r\n");
  EXPECT_THAT(all.error.message, HasSubstr("\"?[31mred?\""));
}

TEST(OperationReaderTest, MalformedMessageLinesAreRefused) {
  for (const std::string_view line : {"MSG a 1\r\n",
                                      "MSG a\r\n",
                                      "MSG a 1 r 5 5\r\nhello\r\n",
                                      "MSG a 1 r 5 5 5 5\r\nhello\r\n",
                                      "MSG a 1 -1\r\n",
                                      "MSG a 1 +1\r\nx\r\n",
                                      "MSG a 1 1x\r\nx\r\n",
                                      "MSG a 1 x\r\nx\r\n",
                                      "MSG a 1 0x1\r\nx\r\n",
                                      "MSG a 1 1.0\r\nx\r\n",
                                      "MSG a 1 18446744073709551615\r\nx\r\n",
                                      "MSG a 1 18446744073709551616\r\nx\r\n",
                                      "MSG a 1 18446744073709551617\r\nx\r\n",
                                      "MSG a 1 99999999999999999999999999\r\nx\r\n",
                                      "HMSG a 1 12\r\nNATS/1.0\r\n\r\n\r\n",
                                      "HMSG a 1 r 12 12 12\r\nNATS/1.0\r\n\r\n\r\n",
                                      "HMSG a 1 13 12\r\nNATS/1.0\r\n\r\n\r\n",
                                      "HMSG a 1 -1 12\r\nNATS/1.0\r\n\r\n\r\n",
                                      "HMSG a 1 12 -12\r\nNATS/1.0\r\n\r\n\r\n",
                                      "HMSG a 1 18446744073709551615 12\r\nNATS/1.0\r\n\r\n\r\n",
                                      "HMSG a 1 x 12\r\nNATS/1.0\r\n\r\n\r\n"}) {
    expect_refused(line);
  }
}

TEST(OperationReaderTest, AMessageThatDoesNotEndWhereItsLengthSaysIsRefused) {
  for (const std::string_view bytes :
       {"MSG a 1 4\r\nhello\r\n", "MSG a 1 6\r\nhello\r\n\r\n", "MSG a 1 5\r\nhello\n\r\n",
        "MSG a 1 0\r\nPING\r\n", "HMSG a 1 12 13\r\nNATS/1.0\r\n\r\nxy\r\n"}) {
    expect_refused(bytes);
  }
}

TEST(OperationReaderTest, ALineAbove64KiBIsRefused) {
  const std::size_t longest = OperationReader::kMaxLine - 2;
  const std::string text(longest - 5, 'x');
  EXPECT_THAT(read("INFO " + text + "\r\nPING\r\n"),
              ElementsAre(other(Kind::kInfo, text), other(Kind::kPing)));
  expect_refused("INFO " + text + "x\r\n");
  expect_refused("INFO " + text + "xx\r\n");
  expect_refused("INFO " + text + std::string(1 << 20, 'x') + "\r\n");
  expect_refused(std::string(OperationReader::kMaxLine, 'x'));
  expect_refused(std::string(OperationReader::kMaxLine, '\r'));
}

TEST(OperationReaderTest, AMessageAbove64MiBIsRefusedBeforeItIsReceived) {
  expect_refused(fmt::format("MSG a 1 {}\r\n", OperationReader::kMaxMessage + 1));
  expect_refused(fmt::format("HMSG a 1 12 {}\r\n", OperationReader::kMaxMessage + 1));
  expect_refused(fmt::format("HMSG a 1 {} {}\r\n", OperationReader::kMaxMessage + 1,
                             OperationReader::kMaxMessage + 1));
}

TEST(OperationReaderTest, TheLargestMessageIsReadInBoundedMemory) {
  const std::string payload(OperationReader::kMaxMessage, 'x');
  const std::string all =
      fmt::format("PING\r\nMSG a 1 {}\r\n{}\r\nPING\r\n", payload.size(), payload);
  OperationReader reader;
  std::string_view bytes = all;
  std::size_t largest = 0;
  std::vector<Kind> kinds;
  while (!bytes.empty()) {
    largest = std::max(largest, reader.space().size());
    feed(reader, bytes, 1 << 20);
    for (auto operation = reader.next(); *operation; operation = reader.next()) {
      kinds.push_back((*operation)->kind);
      if ((*operation)->kind == Kind::kMessage) {
        EXPECT_TRUE((*operation)->message.payload == payload);
      }
    }
  }
  EXPECT_THAT(kinds, ElementsAre(Kind::kPing, Kind::kMessage, Kind::kPing));
  EXPECT_LE(largest, OperationReader::kMaxMessage + (1 << 20));
}

TEST(OperationReaderTest, MessagesLargerThanTheBufferComeOutWholeAmongSmallOnes) {
  std::string bytes;
  std::vector<Read> expected;
  for (const std::size_t size : {10, 1 << 20, 0, 300'000, 8 << 20, 5, 8 << 20, 100}) {
    std::string payload(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
      payload[i] = static_cast<char>(i * 2'654'435'761U >> 13);
    }
    bytes += fmt::format("MSG a.{0} 1 {0}\r\n", size) + payload + "\r\n";
    expected.push_back(message(fmt::format("a.{}", size), "", "", payload));
  }
  for (const std::size_t piece : {std::string::npos, std::size_t{1'448}, std::size_t{65'536}}) {
    EXPECT_TRUE(read(bytes, piece) == expected) << piece;
  }
}

TEST(OperationReaderTest, AServerThatSendsMuchGetsALargerBufferOnce) {
  OperationReader seldom;
  OperationReader often;
  const std::size_t first = seldom.space().size();
  std::string bytes;
  while (bytes.size() < 4 << 20) {
    bytes += "MSG a.b 1 5\r\nhello\r\n";
  }
  EXPECT_EQ(read_all(seldom, bytes, 1'000).operations.size(),
            read_all(often, bytes).operations.size());
  EXPECT_LE(seldom.space().size(), first);
  EXPECT_GT(often.space().size(), first);
  EXPECT_LE(often.space().size(), 4 * first);
}

// Splits that fall on every byte of a boundary, also where the buffer is moved.
TEST(OperationReaderTest, EverySplitOfTwoPiecesGivesTheSame) {
  const std::string bytes = "PING\r\n" + hmsg("a.b 1 r", kHeaders, "he\r\nllo") +
                            "MSG a 1 0\r\n\r\n-ERR 'x'\r\nINFO {}\r\n";
  const std::vector<Read> expected = read(bytes);
  ASSERT_EQ(expected.size(), 5U);
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    OperationReader reader;
    std::vector<Read> all = read_all(reader, std::string_view(bytes).substr(0, at)).operations;
    std::ranges::copy(read_all(reader, std::string_view(bytes).substr(at)).operations,
                      std::back_inserter(all));
    EXPECT_EQ(all, expected) << at;
  }
}

rc::Gen<std::string> words() {
  return rc::gen::nonEmpty(rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::inRange('!', '\x7f'), rc::gen::inRange('\x80', '\xff'))));
}

rc::Gen<std::string> payloads() {
  return rc::gen::oneOf(
      rc::gen::arbitrary<std::string>(),
      rc::gen::map(rc::gen::inRange<std::size_t>(0, 200'000),
                   [](std::size_t size) { return std::string(size, '\r'); }),
      rc::gen::element<std::string>("\r\n", "PING\r\n", "\r\nMSG a 1 1\r\nx\r\n", "\n", "\r"));
}

// What is read of an operation, and its bytes.
rc::Gen<std::pair<Read, std::string>> operations() {
  const auto simple = rc::gen::element<std::pair<Read, std::string>>(
      std::pair{other(Kind::kPing), "PING\r\n"}, std::pair{other(Kind::kPong), "PONG\r\n"},
      std::pair{other(Kind::kOk), "+OK\r\n"},
      std::pair{other(Kind::kError, "Slow Consumer"), "-ERR 'Slow Consumer'\r\n"},
      std::pair{other(Kind::kInfo, "{\"x\": [1]}"), "INFO {\"x\": [1]}\r\n"});
  const auto carried = rc::gen::map(
      rc::gen::tuple(words(), rc::gen::oneOf(rc::gen::just(std::string()), words()),
                     rc::gen::oneOf(rc::gen::just(std::string()), payloads()), payloads(),
                     rc::gen::arbitrary<bool>()),
      [](const std::tuple<std::string, std::string, std::string, std::string, bool>& parts) {
        auto [subject, reply, headers, payload, with_headers] = parts;
        headers = with_headers ? headers : "";
        const std::string arguments =
            fmt::format("{} 1{}{}", subject, reply.empty() ? "" : " ", reply);
        return std::pair{
            message(subject, reply, headers, payload),
            with_headers ? hmsg(arguments, headers, payload)
                         : fmt::format("MSG {} {}\r\n{}\r\n", arguments, payload.size(), payload)};
      });
  return rc::gen::weightedOneOf<std::pair<Read, std::string>>({{1, simple}, {2, carried}});
}

TEST(OperationReaderProperty, AnySequenceInAnySplitsComesOutIdenticalAndInOrder) {
  EXPECT_TRUE(rc::check([] {
    std::string bytes;
    std::vector<Read> expected;
    for (const auto& [read, encoded] :
         *rc::gen::container<std::vector<std::pair<Read, std::string>>>(operations())) {
      expected.push_back(read);
      bytes += encoded;
    }
    const auto pieces = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(
        rc::gen::weightedOneOf<std::size_t>({{3, rc::gen::inRange<std::size_t>(1, 40)},
                                             {1, rc::gen::inRange<std::size_t>(1'000, 300'000)}})));
    OperationReader reader;
    std::vector<Read> all;
    std::string_view rest = bytes;
    for (std::size_t i = 0; !rest.empty(); ++i) {
      // Small ones only at first: a byte at a time of a megabyte says nothing more.
      const std::size_t piece = i < 500 ? pieces[i % pieces.size()] : 100'000;
      const std::size_t size = std::min(piece, rest.size());
      const AllRead part = read_all(reader, rest.substr(0, size));
      RC_ASSERT(part.error.code == ErrorCode::kCancelled);
      std::ranges::copy(part.operations, std::back_inserter(all));
      rest.remove_prefix(size);
      RC_ASSERT(reader.space().size() <= OperationReader::kMaxMessage + (1 << 20));
    }
    RC_ASSERT(all == expected);
  }));
}

TEST(OperationReaderProperty, AnyBytesGiveTheSameInAnySplits) {
  EXPECT_TRUE(rc::check([] {
    const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
        rc::gen::arbitrary<std::string>(),
        rc::gen::element<std::string>("MSG ", "HMSG ", "a ", "1 ", "\r\n", "PING", "-ERR ", "5",
                                      " 12 12\r\nNATS/1.0\r\n\r\n\r\n", "MSG a 1 1\r\nx\r\n")));
    std::string bytes;
    for (const std::string& part : parts) {
      bytes += part;
    }
    OperationReader whole;
    OperationReader split;
    const AllRead expected = read_all(whole, bytes);
    const AllRead all = read_all(split, bytes, *rc::gen::inRange<std::size_t>(1, 20));
    RC_ASSERT(all.operations == expected.operations);
    RC_ASSERT(all.error.code == expected.error.code);
  }));
}

}  // namespace
}  // namespace nats3::nats
