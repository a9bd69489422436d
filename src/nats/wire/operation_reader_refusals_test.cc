// What an OperationReader refuses: it isn't NATS, or it is too large.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nats/wire/operation_reader_testing.h"

namespace nats3::nats {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

}  // namespace
}  // namespace nats3::nats
