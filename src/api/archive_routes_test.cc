// The routes under /archive, and their answers as docs/openapi.json has them.
#include "api/archive_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/fake_archive_service.h"
#include "api/openapi.h"
#include "api/schema_testing.h"
#include "base/json.h"

namespace nats3::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
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
  EXPECT_TRUE(archives_.asked.empty());
}

TEST_F(ArchiveRoutesTest, ErrorsHaveTheirStatus) {
  for (const auto& [code, status] : {std::pair{ErrorCode::kNotFound, 404},
                                     {ErrorCode::kDenied, 403},
                                     {ErrorCode::kUnavailable, 503},
                                     {ErrorCode::kCorrupt, 500}}) {
    archives_.error = Error{code, "because"};
    for (const HttpResponse& response :
         {streams({{"bucket", "b"}}), stream({{"bucket", "b"}, {"stream", "S"}})}) {
      EXPECT_EQ(response.status, status);
      EXPECT_EQ(response.body, R"({"error":"because"})");
    }
  }
}

}  // namespace
}  // namespace nats3::api
