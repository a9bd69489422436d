// The routes under /archive, with a bucket in memory, and their answers as docs/openapi.json has
// them.
#include "api/archive_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/openapi.h"
#include "api/schema_testing.h"
#include "archive/epoch.h"
#include "archive/key.h"
#include "archive/v1_chunk.h"
#include "base/json.h"
#include "object/faulty.h"
#include "object/memory/memory_store.h"

namespace nats3::api {
namespace {

using ::testing::HasSubstr;
using Query = std::multimap<std::string, std::string>;

constexpr auto kEpoch = "20261124T015425.123456789Z";

class ArchiveRoutesTest : public ::testing::Test {
 protected:
  ArchiveRoutesTest() {
    const archive::StreamLocation location{"team", "ORDERS"};
    const archive::EpochDescription description{
        .stream = "ORDERS",
        .name = kEpoch,
        .created = Timestamp{std::chrono::seconds{1'795'000'000}},
        .config = Json::object()};
    put(archive::description_key(location, kEpoch), *archive::serialize(description));
    put(archive::chunk_key(location, kEpoch, "orders.>",
                           {.first = 3,
                            .last = 9,
                            .time_min = Timestamp{std::chrono::seconds{1'795'000'001}},
                            .time_max = Timestamp{std::chrono::seconds{1'795'000'002}},
                            .count = 5}),
        "chunk");
    put(archive::watermark_key(location, kEpoch, "empty"),
        archive::serialize(archive::Watermark{.last_sequence = 2, .last_time = {}}));
    put(archive::v1_folder(location, "orders.>") +
            archive::to_string(archive::V1ChunkName{.seconds = 1'700'000'000, .count = 7}),
        "chunk");
  }

  void put(const std::string& key, const std::string& bytes) {
    EXPECT_TRUE(store_->put(key, bytes));
  }

  static Json json(const HttpResponse& response) {
    EXPECT_EQ(response.content_type, kJsonType);
    return parse_json(response.body).value_or(Json());
  }
  static bool is_described(const Json& answer, const char* schema) {
    static const Json kDocument = Json::parse(openapi_document());
    return SchemaChecker(kDocument).accepts(kDocument["components"]["schemas"][schema], answer);
  }
  static HttpRequest request(const Query& query) {
    return {.method = "GET",
            .path = {},
            .query = query,
            .content_type = {},
            .fetch_site = {},
            .body = {}};
  }
  HttpResponse streams(const Query& query) { return archived_streams(*stores_, request(query)); }
  HttpResponse stream(const Query& query) { return archived_stream(*stores_, request(query)); }

  std::shared_ptr<object::ObjectStoreProvider> stores_ = object::make_memory_provider();
  std::shared_ptr<object::ObjectStore> store_ =
      *stores_->open("bucket", object::IfMissing::kCreate);
};

TEST_F(ArchiveRoutesTest, StreamsAreListedWhereverThePrefixPoints) {
  const Json top = json(streams({{"bucket", "bucket"}}));
  EXPECT_TRUE(is_described(top, "ArchivedStreams")) << top;
  EXPECT_EQ(top, Json::parse(R"({"streams": [], "folders": ["team"]})"));
  for (const char* prefix : {"team", "/team/"}) {
    const Json below = json(streams({{"bucket", "bucket"}, {"prefix", prefix}}));
    EXPECT_EQ(below, Json::parse(R"({"streams": ["ORDERS"], "folders": []})")) << prefix;
  }
}

TEST_F(ArchiveRoutesTest, AStreamIsToldByEpochAndSubject) {
  const Json answer =
      json(stream({{"bucket", "bucket"}, {"prefix", "team"}, {"stream", "ORDERS"}}));
  EXPECT_TRUE(is_described(answer, "ArchivedStream")) << answer;
  EXPECT_EQ(answer["stream"], "ORDERS");
  ASSERT_EQ(answer["epochs"].size(), 1U);
  EXPECT_EQ(answer["epochs"][0]["epoch"], kEpoch);
  EXPECT_EQ(answer["epochs"][0]["subjects"], Json::parse(R"([
      {"subject": "empty", "chunks": 0, "messages": 0, "first_sequence": 0, "last_sequence": 0,
       "from_time": null, "to_time": null},
      {"subject": "orders.>", "chunks": 1, "messages": 5, "first_sequence": 3, "last_sequence": 9,
       "from_time": "2026-11-18T11:06:41.000000000Z",
       "to_time": "2026-11-18T11:06:42.000000000Z"}])"));
  EXPECT_EQ(answer["old_chunks"], Json::parse(R"([
      {"subject": "orders.>", "chunks": 1, "messages": 7,
       "from_time": "2023-11-14T22:13:20.000000000Z",
       "to_time": "2023-11-14T22:13:20.000000000Z"}])"));
}

TEST_F(ArchiveRoutesTest, WhatIsNotThereIs404) {
  const HttpResponse bucket = streams({{"bucket", "elsewhere"}});
  EXPECT_EQ(bucket.status, 404);
  EXPECT_THAT(bucket.body, HasSubstr("elsewhere"));
  const HttpResponse missing = stream({{"bucket", "bucket"}, {"stream", "ORDERS"}});
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("nothing is archived under 'ORDERS/'"));
}

TEST_F(ArchiveRoutesTest, WhatCannotBeAskedIs400) {
  EXPECT_THAT(streams({}).body, HasSubstr("bucket is missing"));
  EXPECT_THAT(stream({{"bucket", "bucket"}}).body, HasSubstr("stream is missing"));
  EXPECT_EQ(streams({{"bucket", "bucket"}, {"prefix", "a/../b"}}).status, 400);
  EXPECT_EQ(streams({{"bucket", "no such/bucket"}}).status, 400);
  EXPECT_EQ(stream({{"bucket", "bucket"}, {"stream", ""}}).status, 400);
}

TEST_F(ArchiveRoutesTest, AStoreThatIsAwayIs503) {
  const auto away =
      object::make_faulty_provider(stores_, object::fail_calls(object::Operation::kList, 1, 1'000));
  EXPECT_EQ(archived_streams(*away, request({{"bucket", "bucket"}})).status, 503);
  EXPECT_EQ(archived_stream(*away, request({{"bucket", "bucket"}, {"stream", "ORDERS"}})).status,
            503);
}

}  // namespace
}  // namespace nats3::api
