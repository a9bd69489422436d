// The routes under /archive, and their answers as docs/openapi.json has them.
#include "api/archive_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <tuple>

#include "api/fake_archive_service.h"
#include "api/openapi.h"
#include "api/schema_testing.h"
#include "base/json.h"
#include "base/time_text.h"

namespace nats3::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using Query = std::multimap<std::string, std::string>;

class ArchiveRoutesTest : public ::testing::Test {
 protected:
  static Json json(const HttpResponse& response) {
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, kJsonType);
    return parse_json(response.body).value_or(Json());
  }
  static bool is_described(const Json& answer, const char* schema) {
    static const Json kDocument = Json::parse(openapi_document());
    return SchemaChecker(kDocument).accepts(kDocument["components"]["schemas"][schema], answer);
  }
  static HttpRequest request(const Query& query) {
    HttpRequest request;
    request.method = "GET";
    request.query = query;
    return request;
  }
  HttpResponse streams(const Query& query) { return archived_streams(archives_, request(query)); }
  HttpResponse stream(const Query& query) { return archived_stream(archives_, request(query)); }

  HttpResponse messages(const Query& query) { return archived_messages(archives_, request(query)); }

  HttpResponse prune(const Query& query) { return prune_stream(archives_, request(query)); }

  FakeArchiveService archives_;
};

TEST_F(ArchiveRoutesTest, StreamsAndFolders) {
  archives_.bucket_contents = {.streams = {"A", "B"}, .folders = {"team"}};
  const Json answer = json(streams({{"bucket", "b"}, {"prefix", "p/q"}}));
  EXPECT_TRUE(is_described(answer, "ArchivedStreams")) << answer;
  EXPECT_EQ(answer, Json::parse(R"({"streams": ["A", "B"], "folders": ["team"]})"));
  EXPECT_THAT(archives_.asked, ElementsAre("b", "p/q"));
}

TEST_F(ArchiveRoutesTest, AStreamByEpochAndSubject) {
  const auto at = [](std::int64_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; };
  catalog::EpochContents epoch;
  epoch.description.name = "20261124T015425.123456789Z";
  epoch.description.created = at(1'795'000'000);
  epoch.subjects = {{.subject = "empty"},
                    {.subject = "orders.>",
                     .first_sequence = 3,
                     .totals = {1, 5, 9, at(1'795'000'001), at(1'795'000'002)}}};
  archives_.stream_contents.epochs = {epoch};
  archives_.stream_contents.old_chunks = {
      {.subject = "old", .totals = {2, 7, 0, at(1'700'000'000), at(1'700'000'060)}}};
  const Json answer = json(stream({{"bucket", "b"}, {"stream", "ORDERS"}}));
  EXPECT_TRUE(is_described(answer, "ArchivedStream")) << answer;
  EXPECT_THAT(archives_.asked, ElementsAre("b", "", "ORDERS"));
  EXPECT_EQ(answer, Json::parse(R"({
    "stream": "ORDERS",
    "epochs": [{
      "epoch": "20261124T015425.123456789Z",
      "created": "2026-11-18T11:06:40.000000000Z",
      "subjects": [
        {"subject": "empty", "chunks": 0, "messages": 0, "first_sequence": 0, "last_sequence": 0,
         "from_time": null, "to_time": null},
        {"subject": "orders.>", "chunks": 1, "messages": 5, "first_sequence": 3,
         "last_sequence": 9, "from_time": "2026-11-18T11:06:41.000000000Z",
         "to_time": "2026-11-18T11:06:42.000000000Z"}]}],
    "old_chunks": [
      {"subject": "old", "chunks": 2, "messages": 7, "from_time": "2023-11-14T22:13:20.000000000Z",
       "to_time": "2023-11-14T22:14:20.000000000Z"}]})"));
}

TEST_F(ArchiveRoutesTest, WhatIsMissingIsSaid) {
  EXPECT_EQ(streams({}).status, 400);
  EXPECT_THAT(streams({}).body, HasSubstr("bucket is missing"));
  EXPECT_THAT(stream({{"stream", "S"}}).body, HasSubstr("bucket is missing"));
  EXPECT_THAT(stream({{"bucket", "b"}, {"stream", ""}}).body, HasSubstr("stream is missing"));
  EXPECT_THAT(messages({{"stream", "S"}}).body, HasSubstr("bucket is missing"));
  EXPECT_THAT(messages({{"bucket", "b"}}).body, HasSubstr("stream is missing"));
  EXPECT_TRUE(archives_.asked.empty());
}

TEST_F(ArchiveRoutesTest, MessagesComePieceByPiece) {
  archives_.lines = {"{1}\n", "", "{2}\n"};
  const HttpResponse answer = messages({{"bucket", "b"},
                                        {"prefix", "p"},
                                        {"stream", "S"},
                                        {"subject", "a.*"},
                                        {"from_time", "2027-01-15T08:00:00Z"},
                                        {"to_time", "2027-01-15T09:00:00+01:00"},
                                        {"after", "20261124T015425.123456789Z:42"},
                                        {"limit", "7"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/x-ndjson");
  EXPECT_EQ(answer.body, "{1}\n");
  EXPECT_THAT(answer.more().value(), Optional(std::string()));
  EXPECT_THAT(answer.more().value(), Optional(std::string("{2}\n")));
  EXPECT_EQ(answer.more().value(), std::nullopt);
  EXPECT_THAT(archives_.asked, ElementsAre("b", "p", "S"));
  const Timestamp eight{std::chrono::seconds{1'800'000'000}};
  EXPECT_EQ(archives_.asked_selection.subject, "a.*");
  EXPECT_EQ(archives_.asked_selection.from_time, eight);
  EXPECT_EQ(archives_.asked_selection.to_time, eight);
  EXPECT_EQ(archives_.asked_selection.after.epoch, "20261124T015425.123456789Z");
  EXPECT_EQ(archives_.asked_selection.after.sequence, 42U);
  EXPECT_EQ(archives_.asked_limit, 7U);
}

TEST_F(ArchiveRoutesTest, AllMessagesUnlessTheQuerySaysWhich) {
  const HttpResponse answer = messages({{"bucket", "b"}, {"stream", "S"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_FALSE(answer.more);
  EXPECT_EQ(archives_.asked_selection.subject, ">");
  EXPECT_EQ(archives_.asked_selection.from_time, std::nullopt);
  EXPECT_EQ(archives_.asked_limit, UINT64_MAX);
}

TEST_F(ArchiveRoutesTest, WhatFailsAtOnceHasAStatus) {
  archives_.lines = {fail(ErrorCode::kCorrupt, "chunk 'x' is damaged")};
  const HttpResponse answer = messages({{"bucket", "b"}, {"stream", "S"}});
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("chunk 'x' is damaged"));
}

TEST_F(ArchiveRoutesTest, AQueryThatCannotBeIsRefused) {
  for (const auto& [name, value, says] : {std::tuple{"subject", "a..b", "subject"},
                                          {"from_time", "yesterday", "from_time"},
                                          {"to_time", "2027-13-01T00:00:00Z", "to_time"},
                                          {"from_time", "", "from_time"},
                                          {"after", "20261124T015425.123456789Z", "after"},
                                          {"after", ":1", "after"},
                                          {"after", "20261124T015425.123456789Z:0", "after"},
                                          {"after", "20261124T015425.123456789Z:x", "after"},
                                          {"limt", "1", "did you mean 'limit'?"},
                                          {"stream", "T", "stream is given twice"},
                                          {"limit", "", "limit"},
                                          {"limit", "0", "limit"},
                                          {"limit", "-1", "limit"},
                                          {"limit", "1e3", "limit"},
                                          {"limit", "99999999999999999999", "limit"}}) {
    const HttpResponse answer = messages({{"bucket", "b"}, {"stream", "S"}, {name, value}});
    EXPECT_EQ(answer.status, 400) << name << " " << value;
    EXPECT_THAT(answer.body, HasSubstr(says));
  }
  const HttpResponse turned = messages({{"bucket", "b"},
                                        {"stream", "S"},
                                        {"from_time", "2027-01-02T00:00:00Z"},
                                        {"to_time", "2027-01-01T00:00:00Z"}});
  EXPECT_EQ(turned.status, 400);
  EXPECT_THAT(turned.body, HasSubstr("must not be after to_time"));
  EXPECT_EQ(streams({{"bucket", "b"}, {"stream", "S"}}).status, 400);
  EXPECT_EQ(stream({{"bucket", "b"}, {"stream", "S"}, {"limit", "1"}}).status, 400);
  EXPECT_TRUE(archives_.asked.empty());
}

TEST_F(ArchiveRoutesTest, ErrorsHaveTheirStatus) {
  for (const auto& [code, status] : {std::pair{ErrorCode::kNotFound, 404},
                                     {ErrorCode::kDenied, 403},
                                     {ErrorCode::kUnavailable, 503},
                                     {ErrorCode::kCorrupt, 500}}) {
    archives_.error = Error{code, "because"};
    for (const HttpResponse& response :
         {streams({{"bucket", "b"}}), stream({{"bucket", "b"}, {"stream", "S"}}),
          messages({{"bucket", "b"}, {"stream", "S"}})}) {
      EXPECT_EQ(response.status, status);
      EXPECT_EQ(response.body, R"({"error":"because"})");
    }
  }
}

TEST_F(ArchiveRoutesTest, PruningSaysWhatIsGone) {
  const auto at = [](std::int64_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; };
  archives_.pruned = {.totals = {2, 12, 9, at(1'795'000'001), at(1'795'000'002)},
                      .stored_bytes = 345,
                      .more = true};
  const Json answer = json(prune({{"bucket", "b"},
                                  {"prefix", "p"},
                                  {"stream", "ORDERS"},
                                  {"before", "2026-11-24T08:00:00Z"}}));
  EXPECT_TRUE(is_described(answer, "PrunedStream")) << answer;
  EXPECT_EQ(answer, Json::parse(R"({"stream": "ORDERS", "chunks": 2, "messages": 12,
      "stored_bytes": 345, "from_time": "2026-11-18T11:06:41.000000000Z",
      "to_time": "2026-11-18T11:06:42.000000000Z", "more": true})"));
  EXPECT_THAT(archives_.asked, ElementsAre("b", "p", "ORDERS"));
  EXPECT_EQ(archives_.asked_before, parse_time("2026-11-24T08:00:00Z"));
  EXPECT_FALSE(archives_.asked_dry_run);
}

TEST_F(ArchiveRoutesTest, PruningNothingHasNoTimes) {
  const Json answer = json(prune(
      {{"bucket", "b"}, {"stream", "S"}, {"before", "2026-11-24T08:00:00Z"}, {"dry_run", "true"}}));
  EXPECT_TRUE(is_described(answer, "PrunedStream")) << answer;
  EXPECT_TRUE(answer["from_time"].is_null());
  EXPECT_TRUE(archives_.asked_dry_run);
}

// Whoever misspells something prunes nothing.
TEST_F(ArchiveRoutesTest, PruningIsAskedForInFull) {
  const Query whole{{"bucket", "b"}, {"stream", "S"}, {"before", "2026-11-24T08:00:00Z"}};
  for (const auto& [name, value, message] : {std::tuple{"before", "", "before is missing"},
                                             {"before", "yesterday", "before: "},
                                             {"stream", "", "stream is missing"},
                                             {"dry_run", "yes", "dry_run: must be true or false"},
                                             {"dryrun", "true", "did you mean 'dry_run'"},
                                             {"subject", "a", "unknown parameter"}}) {
    Query query = whole;
    query.erase(name);
    query.emplace(name, value);
    const HttpResponse response = prune(query);
    EXPECT_EQ(response.status, 400) << name;
    EXPECT_THAT(response.body, HasSubstr(message)) << name;
  }
  EXPECT_THAT(archives_.asked, IsEmpty());
}

}  // namespace
}  // namespace nats3::api
