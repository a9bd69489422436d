#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <tuple>

#include "nats/wire/operation_reader_testing.h"

namespace nats3::nats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
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
