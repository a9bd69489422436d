#include "jobs/job_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/time_text.h"

namespace nats3::jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

Json parse(std::string_view text) {
  auto json = parse_json(text);
  EXPECT_TRUE(json) << json.error().message;
  return json.value_or(Json());
}

Json store_body() {
  return {{"name", "job-1"}, {"stream", "jobs"}, {"subject", "subject-1"}, {"bucket", "bucket-1"}};
}

Json load_body() {
  return {{"bucket", "bucket-1"},
          {"read_stream", "jobs"},
          {"read_subject", "subject-1"},
          {"write_subject", "destination"}};
}

std::string store_error(const Json& body) {
  const auto spec = parse_store_spec(body);
  EXPECT_FALSE(spec) << body.dump();
  return spec ? "" : spec.error().message;
}

std::string load_error(const Json& body) {
  const auto spec = parse_load_spec(body);
  EXPECT_FALSE(spec) << body.dump();
  return spec ? "" : spec.error().message;
}

// `body` with the value at `path`, such as "/batch/max_bytes", replaced.
Json with(Json body, const char* path, Json value) {
  body[Json::json_pointer(path)] = std::move(value);
  return body;
}

TEST(StoreSpecJson, TheReadmesBodyWithItsTrailingComma) {
  const auto spec = parse_store_spec(parse(R"({
            "name": "job-1",
            "stream": "jobs",
            "subject": "subject-1",
            "bucket": "bucket-1",
          })"));
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(
      *spec,
      (StoreSpec{.name = "job-1",
                 .bucket = "bucket-1",
                 .prefix = {},
                 .stream = "jobs",
                 .consumer = {},
                 .subject = "subject-1",
                 .batch = {.max_bytes = 16'000'000, .max_count = 100'000, .max_wait = seconds{5}},
                 .codec = Codec::kBinary}));
}

TEST(StoreSpecJson, TheExistingCommandLinesBody) {
  const auto spec = parse_store_spec(parse(
      R"({"name":"job-1","bucket":"bucket-1","prefix":null,"stream":"jobs","consumer":null,
          "subject":"fix.>","batch":{"max_bytes":1000000,"max_count":1000},
          "encoding":{"codec":"Json"}})"));
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->batch.max_bytes, 1'000'000U);
  EXPECT_EQ(spec->batch.max_count, 1'000U);
  EXPECT_EQ(spec->batch.max_wait, seconds{5});
  EXPECT_EQ(spec->codec, Codec::kJson);
}

TEST(StoreSpecJson, EverySpellingOfACodec) {
  for (const char* codec : {"Json", "json", "JSON"}) {
    EXPECT_EQ(parse_store_spec(with(store_body(), "/encoding/codec", codec))->codec, Codec::kJson);
  }
  for (const char* codec : {"Binary", "binary", "bin"}) {
    EXPECT_EQ(parse_store_spec(with(store_body(), "/encoding/codec", codec))->codec,
              Codec::kBinary);
  }
  EXPECT_THAT(store_error(with(store_body(), "/encoding/codec", "zip")),
              AllOf(HasSubstr("encoding.codec"), HasSubstr("\"Binary\""), HasSubstr("\"zip\"")));
}

TEST(StoreSpecJson, EmptyPrefixAndConsumerMeanAbsent) {
  Json body = with(with(store_body(), "/prefix", ""), "/consumer", "");
  const auto spec = parse_store_spec(body);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->prefix, std::nullopt);
  EXPECT_EQ(spec->consumer, std::nullopt);
}

TEST(StoreSpecJson, SlashesAroundThePrefixAreDropped) {
  EXPECT_EQ(parse_store_spec(with(store_body(), "/prefix", "/a/b/"))->prefix, "a/b");
  EXPECT_EQ(parse_store_spec(with(store_body(), "/prefix", "///"))->prefix, std::nullopt);
}

TEST(StoreSpecJson, MaxWaitInBothForms) {
  EXPECT_EQ(parse_store_spec(with(store_body(), "/batch/max_wait", "250ms"))->batch.max_wait,
            milliseconds{250});
  EXPECT_EQ(parse_store_spec(
                with(store_body(), "/batch/max_wait", Json{{"secs", 1}, {"nanos", 500'000'000}}))
                ->batch.max_wait,
            milliseconds{1'500});
  EXPECT_EQ(
      parse_store_spec(with(store_body(), "/batch/max_wait", Json{{"secs", 2}}))->batch.max_wait,
      seconds{2});
}

TEST(StoreSpecJson, AnUnknownKeyIsNamedWithTheNearest) {
  EXPECT_THAT(store_error(with(store_body(), "/bukcet", "x")),
              AllOf(HasSubstr("'bukcet'"), HasSubstr("'bucket'")));
  EXPECT_THAT(store_error(with(store_body(), "/batch/max_byte", 1)),
              AllOf(HasSubstr("batch"), HasSubstr("'max_byte'"), HasSubstr("'max_bytes'")));
}

TEST(StoreSpecJson, AllMissingKeysAreNamedAtOnce) {
  EXPECT_EQ(store_error(Json{{"name", "a"}, {"bucket", nullptr}}),
            "missing keys: bucket, stream, subject");
}

TEST(StoreSpecJson, AnythingButAnObjectIsRefused) {
  for (const char* text : {"null", "[]", "3", "\"x\"", "true"}) {
    EXPECT_THAT(store_error(parse(text)), HasSubstr("must be a JSON object")) << text;
  }
}

TEST(StoreSpecJson, WrongTypesAndSizesSayWhatTheyShouldBe) {
  EXPECT_EQ(store_error(with(store_body(), "/batch/max_count", -5)),
            "batch.max_count: must be a whole number from 1 to 10,000,000, got -5");
  for (const Json& absurd : {Json(0), Json(-1), Json(1.5), Json(1e300), Json((1LL << 30) + 1),
                             Json("1000"), Json(true), Json::array(), Json::object()}) {
    EXPECT_THAT(store_error(with(store_body(), "/batch/max_bytes", absurd)),
                HasSubstr("batch.max_bytes: must be a whole number from 1 to 1,073,741,824"));
  }
  for (const Json& absurd :
       {Json("9ms"), Json("61m"), Json(5), Json("-1s"), Json(Json{{"nanos", 1}}),
        Json(Json{{"secs", 1}, {"nanos", 1'000'000'000}}), Json(Json{{"secs", -1}, {"nanos", 0}}),
        Json(Json{{"secs", 18446744073709551615ULL}, {"nanos", 0}})}) {
    EXPECT_THAT(store_error(with(store_body(), "/batch/max_wait", absurd)),
                HasSubstr("batch.max_wait: must be a duration from 10ms to 1h"));
  }
  EXPECT_THAT(store_error(with(store_body(), "/name", 7)), HasSubstr("name: must be a string"));
  EXPECT_THAT(store_error(with(store_body(), "/batch", 7)),
              HasSubstr("batch: must be a JSON object"));
  EXPECT_THAT(store_error(with(store_body(), "/prefix", 7)), HasSubstr("prefix: must be a string"));
}

TEST(StoreSpecJson, HostileNamesAreRefused) {
  for (const std::string& name : {std::string(""), std::string("a\nb"), std::string("../x"),
                                  std::string(257, 'x'), std::string("a\0b", 3)}) {
    EXPECT_THAT(store_error(with(store_body(), "/name", name)), HasSubstr("name: must be"));
  }
  for (const char* bucket : {"ab", "Bucket", "bucket_1", "-bucket", "bucket.", "a..b", "../b",
                             "1.2.3.4", "buck/et", "bücket", ""}) {
    EXPECT_THAT(store_error(with(store_body(), "/bucket", bucket)), HasSubstr("bucket: must be"))
        << bucket;
  }
  EXPECT_THAT(store_error(with(store_body(), "/bucket", std::string(64, 'b'))),
              HasSubstr("bucket: must be"));
  for (const std::string& prefix :
       {std::string("a/../b"), std::string(".."), std::string("a//b"), std::string("a/./b"),
        std::string("."), std::string("a\tb"), std::string(257, 'p')}) {
    EXPECT_THAT(store_error(with(store_body(), "/prefix", prefix)), HasSubstr("prefix: must be"))
        << prefix;
  }
  for (const std::string& stream :
       {std::string("a.b"), std::string("a b"), std::string("a*"), std::string("a>"),
        std::string("a/b"), std::string("a\\b"), std::string("a\x7f"), std::string(256, 's')}) {
    EXPECT_THAT(store_error(with(store_body(), "/stream", stream)), HasSubstr("stream: must be"))
        << stream;
    EXPECT_THAT(store_error(with(store_body(), "/consumer", stream)),
                HasSubstr("consumer: must be"))
        << stream;
  }
  for (const std::string& subject :
       {std::string(""), std::string("a..b"), std::string("a b"), std::string("a.>.b"),
        std::string("a*"), std::string(1'025, 'a')}) {
    EXPECT_THAT(store_error(with(store_body(), "/subject", subject)), HasSubstr("subject: "))
        << subject;
  }
}

TEST(StoreSpecJson, LongValuesAreCutInMessages) {
  EXPECT_LT(store_error(with(store_body(), "/name", std::string(100'000, 'x'))).size(), 300U);
}

TEST(LoadSpecJson, TheReadmesBodyGetsAName) {
  const auto spec = parse_load_spec(parse(R"({
            "bucket": "bucket-1",
            "read_stream": "jobs",
            "read_subject": "subject-1",
            "write_subject": "destination",
          })"));
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_THAT(spec->name, MatchesRegex("load-[0-9a-f]+"));
  EXPECT_FALSE(spec->poll_interval);
  EXPECT_FALSE(spec->delete_chunks);
  EXPECT_TRUE(spec->origin_headers);
  EXPECT_FALSE(spec->strict);
  EXPECT_TRUE(spec->message_ids);
  EXPECT_EQ(spec->on_corrupt, OnCorrupt::kFail);
}

TEST(LoadSpecJson, TheExistingCommandLinesBody) {
  const auto spec = parse_load_spec(parse(
      R"({"name":"l","bucket":"bucket-1","prefix":"p","read_stream":"jobs","read_consumer":null,
          "read_subject":"fix.*","write_subject":"back.{{wildcard(1)}}",
          "poll_interval":{"secs":30,"nanos":0},"delete_chunks":true,
          "from_time":"2024-12-14T10:30:00Z","to_time":"2024-12-14T11:30:00.5+01:00"})"));
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->poll_interval, seconds{30});
  EXPECT_TRUE(spec->delete_chunks);
  EXPECT_EQ(format_time(*spec->from_time), "2024-12-14T10:30:00.000000000Z");
  EXPECT_EQ(format_time(*spec->to_time), "2024-12-14T10:30:00.500000000Z");
}

TEST(LoadSpecJson, PollingWithoutDeletingIsAllowed) {
  EXPECT_TRUE(parse_load_spec(with(load_body(), "/poll_interval", "5m")));
}

TEST(VerifySpecJson, TimesInTheWrongOrderAreRefused) {
  const auto spec = parse_verify_spec(parse(
      R"({"bucket":"bucket","stream":"S","from_time":"2026-01-02T00:00:00Z",
          "to_time":"2026-01-01T00:00:00Z"})"));
  ASSERT_FALSE(spec);
  EXPECT_THAT(spec.error().message, HasSubstr("from_time: must not be after to_time"));
}

TEST(LoadSpecJson, TimesInTheWrongOrderAreRefused) {
  Json body = with(load_body(), "/from_time", "2026-01-02T00:00:00Z");
  body["to_time"] = "2026-01-01T00:00:00Z";
  EXPECT_THAT(load_error(body), HasSubstr("from_time: must not be after to_time"));
  body["to_time"] = body["from_time"];
  EXPECT_TRUE(parse_load_spec(body));
}

TEST(LoadSpecJson, WrongValuesAreNamed) {
  EXPECT_THAT(load_error(with(load_body(), "/from_time", "yesterday")),
              AllOf(HasSubstr("from_time"), HasSubstr("RFC 3339"), HasSubstr("yesterday")));
  EXPECT_THAT(load_error(with(load_body(), "/to_time", 5)), HasSubstr("to_time"));
  EXPECT_THAT(load_error(with(load_body(), "/delete_chunks", "yes")),
              HasSubstr("delete_chunks: must be true or false, got \"yes\""));
  EXPECT_THAT(load_error(with(load_body(), "/poll_interval", Json{{"secs", 0}, {"nanos", 0}})),
              HasSubstr("poll_interval: must be a duration from 10ms"));
  EXPECT_THAT(load_error(with(load_body(), "/on_corrupt", "ignore")), HasSubstr("\"skip\""));
  EXPECT_THAT(load_error(with(load_body(), "/read_steam", "x")), HasSubstr("'read_stream'"));
}

TEST(LoadSpecJson, WriteSubjectsAreChecked) {
  for (const char* good : {"destination", "{{subject}}", "copy.{{subject}}", "a.{{wildcard(1)}}",
                           "$1.back", "$KV.bucket.{{wildcard(1)}}"}) {
    Json body = with(with(load_body(), "/read_subject", "x.*"), "/write_subject", good);
    EXPECT_TRUE(parse_load_spec(body)) << good;
  }
  for (const char* bad : {"", "a b", "a.*", "a.>", "a..b", "{{wildcard(2)}}", "{{wildcard(1)",
                          "{{nonsense}}", "$JS.API.STREAM.DELETE.x", "$SYS.REQ", "_INBOX.x"}) {
    Json body = with(with(load_body(), "/read_subject", "x.*"), "/write_subject", bad);
    EXPECT_THAT(load_error(body), HasSubstr("write_subject")) << bad;
  }
}

TEST(JobJson, AbsentOptionsAreNullAndTheRestIsInFull) {
  StoreJob store;
  store.info.id = "7f6e3c9e-5f2b-4c58-9f3a-000000000001";
  store.info.created = *parse_time("2026-11-24T01:54:25.123456789Z");
  store.info.updated = store.info.created;
  store.spec = *parse_store_spec(store_body());
  const Json json = to_json(store);
  EXPECT_EQ(json["id"], store.info.id);
  EXPECT_EQ(json["status"], "Created");
  EXPECT_EQ(json["created"], "2026-11-24T01:54:25.123456789Z");
  EXPECT_TRUE(json.at("prefix").is_null());
  EXPECT_TRUE(json.at("consumer").is_null());
  EXPECT_TRUE(json.at("last_error").is_null());
  EXPECT_TRUE(json.at("last_error_since").is_null());
  EXPECT_EQ(json["batch"]["max_bytes"], 16'000'000);
  EXPECT_EQ(json["batch"]["max_count"], 100'000);
  EXPECT_EQ(json["batch"]["max_wait"], parse(R"({"secs":5,"nanos":0})"));
  EXPECT_EQ(json["encoding"], parse(R"({"codec":"Binary"})"));
  EXPECT_EQ(json["progress"]["messages"], 0);
  EXPECT_TRUE(json["progress"].at("lag").is_null());
  store.progress.lag = 0;
  EXPECT_EQ(to_json(store)["progress"]["lag"], 0);

  LoadJob load;
  load.spec = *parse_load_spec(with(load_body(), "/poll_interval", "1500ms"));
  load.info.last_error = "NATS can't be reached";
  load.info.last_error_since = load.info.created;
  const Json answer = to_json(load);
  EXPECT_EQ(answer["poll_interval"], parse(R"({"secs":1,"nanos":500000000})"));
  EXPECT_EQ(answer["delete_chunks"], false);
  for (const char* key : {"prefix", "read_consumer", "from_time", "to_time"}) {
    EXPECT_TRUE(answer.at(key).is_null()) << key;
  }
  EXPECT_EQ(answer["last_error"], "NATS can't be reached");
  EXPECT_TRUE(answer["last_error_since"].is_string());
}

TEST(JobJson, AJobAsItWasAnsweredMakesAnotherLikeIt) {
  StoreJob store;
  store.info.id = "7f6e3c9e-5f2b-4c58-9f3a-000000000001";
  store.spec = *parse_store_spec(with(store_body(), "/prefix", "p"));
  const auto other = parse_store_spec(to_json(store));
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_EQ(to_json(*other), to_json(store.spec));
  LoadJob load;
  load.spec = *parse_load_spec(with(load_body(), "/delete_chunks", true));
  const auto other_load = parse_load_spec(to_json(load));
  ASSERT_TRUE(other_load) << other_load.error().message;
  EXPECT_EQ(to_json(*other_load), to_json(load.spec));
  EXPECT_THAT(store_error(with(to_json(store), "/stauts", "Running")), HasSubstr("'stauts'"));
}

TEST(JobJson, StatusesReadBack) {
  for (const Status status :
       {Status::kCreated, Status::kRunning, Status::kPaused, Status::kSuccess, Status::kFailure}) {
    EXPECT_EQ(parse_status(to_string(status)), status);
  }
  EXPECT_FALSE(parse_status("running"));
}

RC_GTEST_PROP(StoreSpecJsonProperty, ReadsBackWhatItWrote, ()) {
  const auto name = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  StoreSpec spec{.name = name.substr(0, 200),
                 .bucket = "bucket-1",
                 .prefix = *rc::gen::element<std::optional<std::string>>(std::nullopt, "a", "a/b"),
                 .stream = "jobs",
                 .consumer = *rc::gen::element<std::optional<std::string>>(std::nullopt, "worker"),
                 .subject = *rc::gen::element<std::string>("a", "a.*", ">"),
                 .batch = {.max_bytes = *rc::gen::inRange<std::uint64_t>(1, (1 << 30) + 1),
                           .max_count = *rc::gen::inRange<std::uint64_t>(1, 10'000'001),
                           .max_wait = milliseconds{*rc::gen::inRange(10, 3'600'001)}},
                 .codec = *rc::gen::element(Codec::kBinary, Codec::kJson)};
  const auto back = parse_store_spec(to_json(spec));
  RC_ASSERT(back.has_value());
  RC_ASSERT((*back == spec));
}

RC_GTEST_PROP(LoadSpecJsonProperty, ReadsBackWhatItWrote, ()) {
  LoadSpec spec = *parse_load_spec(load_body());
  const auto from = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000'000'000);
  spec.from_time = Timestamp{std::chrono::nanoseconds{from}};
  spec.to_time = *rc::gen::element<std::optional<Timestamp>>(std::nullopt, spec.from_time);
  spec.poll_interval =
      std::chrono::nanoseconds{*rc::gen::inRange<std::int64_t>(10'000'000, 30'000'000'000'000'000)};
  spec.on_corrupt = *rc::gen::element(OnCorrupt::kFail, OnCorrupt::kSkip);
  spec.origin_headers = *rc::gen::arbitrary<bool>();
  spec.strict = *rc::gen::arbitrary<bool>();
  spec.delete_chunks = *rc::gen::arbitrary<bool>();
  spec.message_ids = !spec.strict || spec.delete_chunks || spec.on_corrupt == OnCorrupt::kSkip ||
                     *rc::gen::arbitrary<bool>();
  const auto back = parse_load_spec(to_json(spec));
  RC_ASSERT(back.has_value());
  RC_ASSERT((*back == spec));
}

// Whatever JSON comes in, the answer is a spec or an error, and the spec reads back.
RC_GTEST_PROP(StoreSpecJsonProperty, AnyValueUnderAnyKeyIsAnsweredPlainly, ()) {
  const auto value = *rc::gen::element<Json>(nullptr, true, -1, 0, 1, 1e308, "", "x", "a/b", "5s",
                                             Json::array({1}), Json{{"secs", 1}},
                                             Json{{"codec", 5}}, Json{{"max_wait", "1h"}});
  const auto key = *rc::gen::element<std::string>("name", "bucket", "prefix", "stream", "consumer",
                                                  "subject", "batch", "encoding", "?");
  Json body = store_body();
  body[key] = value;
  const auto spec = parse_store_spec(body);
  if (spec) {
    RC_ASSERT(*parse_store_spec(to_json(*spec)) == *spec);
  } else {
    RC_ASSERT(spec.error().code == ErrorCode::kInvalid);
    RC_ASSERT(!spec.error().message.empty());
  }
}

}  // namespace
}  // namespace nats3::jobs
