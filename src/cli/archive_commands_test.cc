#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kStreams = "GET /api/v1/archive/streams";
constexpr auto kStream = "GET /api/v1/archive/stream";
constexpr auto kMessages = "GET /api/v1/archive/messages";
constexpr auto kOrders = R"({"stream": "ORDERS", "old_chunks": [
    {"subject": "orders.>", "chunks": 1, "messages": 40,
     "from_time": "2024-01-01T00:00:00.000000000Z", "to_time": "2024-01-02T00:00:00.000000000Z"}],
  "epochs": [{"epoch": "20261124T015425.123456789Z", "created": "2026-11-24T01:54:25.123456789Z",
    "subjects": [
      {"subject": "orders.eu", "chunks": 2, "messages": 1200, "first_sequence": 3,
       "last_sequence": 4200, "from_time": "2026-11-24T02:00:00.000000001Z",
       "to_time": "2026-11-25T03:00:00.000000000Z"},
      {"subject": "orders.us", "chunks": 0, "messages": 0, "first_sequence": 0,
       "last_sequence": 0, "from_time": null, "to_time": null}]}]})";

class ArchiveCommandsTest : public CliFixture {};

TEST_F(ArchiveCommandsTest, ListSumsUpEachStream) {
  server_.then(kStreams, 200, R"({"streams": ["ORDERS"], "folders": []})");
  server_.then(kStream, 200, kOrders);
  ASSERT_EQ(run({"archive", "list", "--bucket", "b", "--prefix", "p/q"}), 0) << err();
  EXPECT_EQ(server_.last().get_param_value("bucket"), "b");
  EXPECT_EQ(server_.last().get_param_value("prefix"), "p/q");
  EXPECT_EQ(server_.last().get_param_value("stream"), "ORDERS");
  EXPECT_EQ(out(),
            "STREAM  EPOCHS  MESSAGES  CHUNKS  FROM                  TO\n"
            "ORDERS       1     1,240       3  2024-01-01T00:00:00Z  2026-11-25T03:00:00Z\n");
  EXPECT_EQ(err(), "");
}

TEST_F(ArchiveCommandsTest, ShowHasALineForEachSubject) {
  server_.then(kStream, 200, kOrders);
  ASSERT_EQ(run({"archive", "show", "--bucket", "b", "--stream", "ORDERS"}), 0) << err();
  EXPECT_FALSE(server_.last().has_param("prefix"));
  EXPECT_THAT(out(),
              AllOf(HasSubstr("20261124T015425.123456789Z  orders.eu      3  4,200     1,200"),
                    HasSubstr("orders.us"), HasSubstr("(version 1)                 orders.>")));
}

TEST_F(ArchiveCommandsTest, AnEpochWithoutAChunkHasALine) {
  server_.then(kStream, 200, R"({"stream": "S", "old_chunks": [], "epochs": [
      {"epoch": "20261124T015425.123456789Z", "created": "2026-11-24T01:54:25Z", "subjects": []}]})");
  ASSERT_EQ(run({"archive", "show", "--bucket", "b", "--stream", "S"}), 0);
  EXPECT_THAT(out(), HasSubstr("20261124T015425.123456789Z"));
}

TEST_F(ArchiveCommandsTest, NumbersBeyondWhatCanBeAddUpToTheLargest) {
  server_.then(kStreams, 200, R"({"streams": ["S"], "folders": []})");
  server_.then(kStream, 200, R"({"stream": "S", "epochs": [], "old_chunks": [
      {"subject": "a", "chunks": 1, "messages": 18446744073709551615, "from_time": null,
       "to_time": null},
      {"subject": "b", "chunks": -1, "messages": 9007199254740993, "from_time": null,
       "to_time": null}]})");
  ASSERT_EQ(run({"archive", "list", "--bucket", "b"}), 0);
  EXPECT_THAT(out(), HasSubstr("18,446,744,073,709,551,615"));
}

TEST_F(ArchiveCommandsTest, JsonIsWhatTheServerSays) {
  server_.then(kStreams, 200, R"({"streams": ["ORDERS"], "folders": ["team"]})");
  server_.then(kStream, 200, kOrders);
  ASSERT_EQ(run({"archive", "list", "--bucket", "b", "--output", "json"}), 0);
  EXPECT_EQ(parse_json(out()), Json::array({*parse_json(kOrders)}));
  ASSERT_EQ(run({"archive", "show", "--bucket", "b", "--stream", "ORDERS", "--output", "json"}), 0);
  EXPECT_EQ(parse_json(out()), parse_json(kOrders));
}

TEST_F(ArchiveCommandsTest, AnEmptyBucketAndOtherFoldersAreSaid) {
  server_.then(kStreams, 200, R"({"streams": [], "folders": ["team", "x\u001b[31m"]})");
  ASSERT_EQ(run({"archive", "list", "--bucket", "b", "--prefix", "p"}), 0);
  EXPECT_EQ(out(), "");
  EXPECT_THAT(err(), AllOf(HasSubstr("no stream is archived in bucket 'b' under 'p'"),
                           HasSubstr("may be prefixes: team, x"), Not(HasSubstr("\x1b"))));
}

TEST_F(ArchiveCommandsTest, AStreamThatCannotBeReadDoesNotHideTheOthers) {
  server_.then(kStreams, 200, R"({"streams": ["BAD", "ORDERS"], "folders": []})");
  server_.then(kStream, 500, R"({"error": "stream.json is missing"})");
  server_.then(kStream, 200, kOrders);
  EXPECT_EQ(run({"archive", "list", "--bucket", "b"}), 1);
  EXPECT_THAT(out(), AllOf(HasSubstr("ORDERS"), Not(HasSubstr("BAD"))));
  EXPECT_THAT(err(), AllOf(HasSubstr("BAD"), HasSubstr("stream.json is missing")));
}

TEST_F(ArchiveCommandsTest, WhatIsMissingIsSaidBeforeAnythingIsAsked) {
  EXPECT_EQ(run({"archive", "list"}), 2);
  EXPECT_THAT(err(), HasSubstr("--bucket"));
  EXPECT_EQ(run({"archive", "show", "--bucket", "b"}), 2);
  EXPECT_THAT(err(), HasSubstr("--stream"));
}

TEST_F(ArchiveCommandsTest, AnErrorIsWhatTheServerSays) {
  server_.answer_with(404, R"({"error": "there is no bucket 'b'"})");
  EXPECT_EQ(run({"archive", "list", "--bucket", "b"}), 1);
  EXPECT_THAT(err(), HasSubstr("there is no bucket 'b'"));
}

TEST_F(ArchiveCommandsTest, ReadPrintsTheLinesAsTheyAre) {
  server_.then_lines(kMessages, {"{\"seq\":1}\n{\"seq\"", ":2}\n", "\n", "{\"seq\":3}\n"});
  ASSERT_EQ(run({"archive", "read", "--bucket", "b", "--prefix", "p", "--stream", "ORDERS",
                 "--subject", "orders.>", "--from-time", "2026-11-24T00:00:00Z", "--to-time",
                 "2026-11-25T00:00:00+01:00", "--after", "20261124T015425.123456789Z:2", "--limit",
                 "10"}),
            0)
      << err();
  EXPECT_EQ(out(), "{\"seq\":1}\n{\"seq\":2}\n{\"seq\":3}\n");
  EXPECT_EQ(err(), "");
  for (const auto& [name, value] : {std::pair{"bucket", "b"},
                                    {"prefix", "p"},
                                    {"stream", "ORDERS"},
                                    {"subject", "orders.>"},
                                    {"from_time", "2026-11-24T00:00:00Z"},
                                    {"to_time", "2026-11-25T00:00:00+01:00"},
                                    {"after", "20261124T015425.123456789Z:2"},
                                    {"limit", "10"}}) {
    EXPECT_EQ(server_.last().get_param_value(name), value);
  }
}

TEST_F(ArchiveCommandsTest, ReadOfNothingPrintsNothing) {
  server_.then_lines(kMessages, {"\n"});
  ASSERT_EQ(run({"archive", "read", "--bucket", "b", "--stream", "S"}), 0) << err();
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "no such message is archived\n");
  EXPECT_FALSE(server_.last().has_param("limit"));
}

TEST_F(ArchiveCommandsTest, ReadThatEndsEarlySaysWhyAndFails) {
  server_.then_lines(kMessages, {"{\"seq\":1}\n", "{\"error\":\"chunk 'x' is damaged\"}\n"}, true);
  EXPECT_EQ(run({"archive", "read", "--bucket", "b", "--stream", "S"}), 1);
  EXPECT_EQ(out(), "{\"seq\":1}\n");
  EXPECT_EQ(err(), "nats3: chunk 'x' is damaged\n");
}

TEST_F(ArchiveCommandsTest, ReadThatBreaksOffIsNotTheEnd) {
  server_.then_lines(kMessages, {"{\"seq\":1}\n{\"se"}, true);
  EXPECT_EQ(run({"archive", "read", "--bucket", "b", "--stream", "S"}), 1);
  EXPECT_EQ(out(), "{\"seq\":1}\n");
  EXPECT_THAT(err(), HasSubstr("broke off before the last message"));
}

TEST_F(ArchiveCommandsTest, ReadOfWhatMayHaveBeenCutIsNotTheEnd) {
  for (const char* last : {"{\"seq\":2}\n", "{\"se", "{\"error\":\"chunk 'x"}) {
    server_.then_unframed_lines(kMessages, {"{\"seq\":1}\n", last});
    EXPECT_EQ(run({"archive", "read", "--bucket", "b", "--stream", "S"}), 1);
    EXPECT_THAT(err(), HasSubstr("broke off before the last message"));
  }
}

TEST_F(ArchiveCommandsTest, ReadOfWhatIsNotThereIsWhatTheServerSays) {
  server_.answer_with(404, R"({"error": "nothing is archived under 'S/'"})");
  EXPECT_EQ(run({"archive", "read", "--bucket", "b", "--stream", "S"}), 1);
  EXPECT_THAT(err(), HasSubstr("nothing is archived under 'S/'"));
  for (const std::string& body : {std::string("{}"), std::string(200'000, 'x')}) {
    server_.answer_with(200, body);
    EXPECT_EQ(run({"archive", "read", "--bucket", "b", "--stream", "S"}), 1);
    EXPECT_THAT(err(), HasSubstr("is the URL right?"));
  }
}

TEST_F(ArchiveCommandsTest, ReadOfWhatCannotBeIsWrongUsage) {
  for (const char* wrong :
       {"--limit=", "--limit=0", "--limit=x", "--from-time=", "--to-time=noon"}) {
    EXPECT_EQ(run({"archive", "read", "--bucket", "b", "--stream", "S", wrong}), 2) << wrong;
  }
  run({"archive", "read", "--bucket", "b", "--stream", "S", "--limit=0"});
  EXPECT_THAT(err(), HasSubstr("must be a whole number from 1 on, not '0'"));
}

TEST_F(ArchiveCommandsTest, ReadEndsWhenItsOutputTakesNoMore) {
  server_.then_lines(kMessages, {"{\"seq\":1}\n", "{\"seq\":2}\n"});
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(run({"archive", "read", "--bucket", "b", "--stream", "S"}), 1);
  EXPECT_THAT(err(), HasSubstr("couldn't all be written"));
}

}  // namespace
}  // namespace nats3::cli
