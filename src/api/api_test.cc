// Every route, through a real socket, against a fake JobService.
#include "api/api.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "api/fake_archive_service.h"
#include "api/fake_job_service.h"
#include "api/http_server.h"
#include "base/json.h"

namespace nats3::api {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kUnknownId = "00000000-0000-4000-8000-000000000000";

class ApiTest : public ::testing::Test {
 protected:
  ApiTest()
      : api_({.jobs = jobs_,
              .archives = archives_,
              .metrics = metrics_,
              .ready = [this] { return ready_; },
              .version = "1.2.3-test"}),
        server_({}, [this](const HttpRequest& request) { return api_.handle(request); }) {
    const auto started = server_.start();
    EXPECT_TRUE(started) << started.error().message;
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_.port());
  }

  httplib::Response get(const std::string& path) { return answer(client_->Get(path)); }
  httplib::Response remove(const std::string& path) { return answer(client_->Delete(path)); }
  httplib::Response post(const std::string& path, const std::string& body,
                         const char* type = "application/json") {
    return answer(client_->Post(path, body, type));
  }

  static httplib::Response answer(const httplib::Result& result) {
    EXPECT_TRUE(result) << httplib::to_string(result.error());
    return result ? result.value() : httplib::Response();
  }

  static Json json(const httplib::Response& response) {
    EXPECT_EQ(response.get_header_value("Content-Type"), "application/json");
    auto parsed = parse_json(response.body);
    EXPECT_TRUE(parsed) << response.body;
    return parsed.value_or(Json());
  }

  static void expect_error(const httplib::Response& response, int status,
                           const ::testing::Matcher<std::string>& message) {
    EXPECT_EQ(response.status, status) << response.body;
    const Json body = json(response);
    ASSERT_TRUE(body.contains("error")) << response.body;
    EXPECT_EQ(body.size(), 1U);
    EXPECT_THAT(body["error"].get<std::string>(), message);
  }

  FakeJobService jobs_;
  jobs::Metrics metrics_;
  FakeArchiveService archives_;
  Result<void> ready_;
  Api api_;
  HttpServer server_;
  std::unique_ptr<httplib::Client> client_;
};

struct Kind {
  const char* base;  // "/api/v1/store/job"
  const char* body;
};

// The public README's bodies as they are, trailing commas included.
constexpr const char* kStoreBody = R"({
            "name": "job-1",
            "stream": "jobs",
            "subject": "subject-1",
            "bucket": "bucket-1",
          })";
constexpr const char* kLoadBody = R"({
            "bucket": "bucket-1",
            "read_stream": "jobs",
            "read_subject": "subject-1",
            "write_subject": "destination",
          })";

class JobRoutesTest : public ApiTest, public ::testing::WithParamInterface<Kind> {
 protected:
  [[nodiscard]] std::string path(std::string_view rest) const {
    return std::string(GetParam().base) + std::string(rest);
  }
  std::string create() { return json(post(path(""), GetParam().body))["id"]; }
};

INSTANTIATE_TEST_SUITE_P(BothKindsUnderBothBases, JobRoutesTest,
                         ::testing::Values(Kind{"/api/v1/store/job", kStoreBody},
                                           Kind{"/api/v1/load/job", kLoadBody},
                                           Kind{"/store/job", kStoreBody},
                                           Kind{"/load/job", kLoadBody}));

TEST_P(JobRoutesTest, CreateAnswersWithTheJob) {
  const auto response = post(path(""), GetParam().body);
  EXPECT_EQ(response.status, 200);
  const Json job = json(response);
  EXPECT_EQ(job["status"], "Created");
  EXPECT_EQ(job["bucket"], "bucket-1");
  EXPECT_TRUE(job["prefix"].is_null());
  EXPECT_EQ(json(get(path("?job_id=" + job["id"].get<std::string>()))), job);
}

// What is asked of the job's server itself, the fake tells without a lag.
TEST_F(ApiTest, AFreshStoreJobIsAskedOfItsServer) {
  jobs::StoreJob job;
  job.info.id = kUnknownId;
  job.progress.lag = 7;
  jobs_.set(job);
  const std::string one = std::string("/store/job?job_id=") + kUnknownId;
  EXPECT_EQ(json(get(one))["progress"]["lag"], 7);
  EXPECT_EQ(json(get(one + "&fresh=false"))["progress"]["lag"], 7);
  EXPECT_TRUE(json(get(one + "&fresh=true"))["progress"]["lag"].is_null());
  expect_error(get(one + "&fresh=yes"), 400, HasSubstr("fresh: must be true or false"));
  expect_error(get("/store/job?fresh=true"), 400, HasSubstr("job_id is missing"));
}

TEST_P(JobRoutesTest, ListIsNewestFirst) {
  EXPECT_EQ(json(get(path("s"))), Json::array());
  const std::string first = create();
  const std::string second = create();
  const Json list = json(get(path("s")));
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["id"], second);
  EXPECT_EQ(list[1]["id"], first);
}

TEST_P(JobRoutesTest, PauseAndResumeWithNoBodyAndWithNull) {
  const std::string id = create();
  EXPECT_EQ(json(post(path("/pause?job_id=" + id), ""))["status"], "Paused");
  EXPECT_EQ(json(post(path("/resume?job_id=" + id), "null"))["status"], "Running");
  expect_error(post(path("/resume?job_id=" + id), ""), 409, HasSubstr("running already"));
  const auto bare = client_->Post(path("/pause?job_id=" + id));
  ASSERT_TRUE(bare);
  EXPECT_EQ(json(*bare)["status"], "Paused");
}

TEST_P(JobRoutesTest, DeleteAnswersWithAnEmptyBody) {
  const std::string id = create();
  const auto response = remove(path("?job_id=" + id));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  expect_error(get(path("?job_id=" + id)), 404, StartsWith("job id " + id + " not found"));
}

TEST_P(JobRoutesTest, UnknownIdsAre404) {
  const std::string query = std::string("?job_id=") + kUnknownId;
  const auto message = std::string("job id ") + kUnknownId + " not found";
  expect_error(get(path(query)), 404, message);
  expect_error(remove(path(query)), 404, message);
  expect_error(post(path("/pause" + query), ""), 404, message);
  expect_error(post(path("/resume" + query), ""), 404, message);
}

TEST_P(JobRoutesTest, IdsInUpperCaseAreTheSame) {
  std::string id = create();
  std::ranges::transform(id, id.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_EQ(get(path("?job_id=" + id)).status, 200);
}

TEST_P(JobRoutesTest, MissingAndMalformedIdsAre400) {
  expect_error(get(path("")), 400, AllOf(HasSubstr("job_id is missing"), HasSubstr("/job")));
  expect_error(get(path("?job_id=7")), 400, HasSubstr("'7' is not a UUID"));
  expect_error(get(path("?job_id=%00%0a..%2f")), 400, HasSubstr("is not a UUID"));
  expect_error(remove(path("")), 400, HasSubstr("job_id is missing"));
  expect_error(post(path("/pause"), ""), 400, HasSubstr("job_id is missing"));
}

TEST_P(JobRoutesTest, BodiesThatCantBeUsedAre4xx) {
  expect_error(post(path(""), "{\n  \"name\": nonsense}"), 400, HasSubstr("line 2, column 1"));
  expect_error(post(path(""), ""), 400, HasSubstr("not JSON"));
  expect_error(post(path(""), "[]"), 400, HasSubstr("must be a JSON object"));
  expect_error(post(path(""), "{}"), 400, HasSubstr("missing keys: "));
  expect_error(post(path(""), R"({"bukcet": "x"})"), 400, HasSubstr("did you mean 'bucket'?"));
  expect_error(post(path(""), R"({"name": "\ud800"})"), 400, HasSubstr("not JSON"));
  expect_error(post(path(""), std::string(100, '[')), 400, HasSubstr("nested deeper"));
  expect_error(post(path(""), GetParam().body, "text/plain"), 415, HasSubstr("application/json"));
  expect_error(post(path(""), GetParam().body, "application/x-www-form-urlencoded"), 415,
               HasSubstr("application/json"));
  EXPECT_EQ(post(path(""), GetParam().body, "Application/JSON; charset=utf-8").status, 200);
}

TEST_P(JobRoutesTest, WrongMethodsAre405WithThoseThatAreRight) {
  const auto response = answer(client_->Put(path(""), "{}", "application/json"));
  expect_error(response, 405, HasSubstr("PUT"));
  EXPECT_EQ(response.get_header_value("Allow"), "DELETE, GET, HEAD, OPTIONS, POST");
  expect_error(get(path("/pause")), 405, HasSubstr("POST"));
  expect_error(post(path("s"), "{}"), 405, HasSubstr("GET"));
  const auto options = answer(client_->Options(path("s")));
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.get_header_value("Allow"), "GET, HEAD, OPTIONS");
}

TEST_P(JobRoutesTest, ErrorsOfTheJobsGetTheirStatus) {
  for (const auto& [code, status] : {std::pair{ErrorCode::kInvalid, 400},
                                     {ErrorCode::kDenied, 403},
                                     {ErrorCode::kNotFound, 404},
                                     {ErrorCode::kAlreadyExists, 409},
                                     {ErrorCode::kConflict, 409},
                                     {ErrorCode::kCorrupt, 500},
                                     {ErrorCode::kInternal, 500},
                                     {ErrorCode::kUnavailable, 503},
                                     {ErrorCode::kCancelled, 503}}) {
    jobs_.fail_with(Error{code, "what happened"});
    expect_error(post(path(""), GetParam().body), status, "what happened");
    const auto list = get(path("s"));
    expect_error(list, status, "what happened");
    EXPECT_EQ(list.has_header("Retry-After"), status == 503);
  }
}

TEST_P(JobRoutesTest, AMessageThatIsNotTextStillGivesJson) {
  jobs_.fail_with(Error{ErrorCode::kInternal, "bytes \xff\xfe"});
  expect_error(get(path("s")), 500, HasSubstr("bytes "));
}

TEST_P(JobRoutesTest, HeadHasTheHeadersAndNoBody) {
  const auto response = answer(client_->Head(path("s")));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.get_header_value("Content-Type"), "application/json");
}

TEST_P(JobRoutesTest, PagesOfOtherSitesCantChangeAnything) {
  for (const char* site : {"cross-site", "same-site"}) {
    const auto response = answer(
        client_->Post(path(""), {{"Sec-Fetch-Site", site}}, GetParam().body, "application/json"));
    expect_error(response, 403, HasSubstr("another site"));
  }
  EXPECT_EQ(json(get(path("s"))), Json::array());
}

TEST_F(ApiTest, PingReadyUnderBothBases) {
  for (const std::string base : {"", "/api/v1"}) {
    EXPECT_EQ(get(base + "/ping").body, "pong");
    EXPECT_EQ(get(base + "/ready").body, "ready");
    EXPECT_EQ(get(base + "/metrics").status, 200);
  }
}

TEST_F(ApiTest, ReadySaysWhyNot) {
  ready_ = fail(ErrorCode::kUnavailable, "not ready: NATS can't be reached at nats://x:4222");
  expect_error(get("/ready"), 503, "not ready: NATS can't be reached at nats://x:4222");
}

TEST_F(ApiTest, MetricsHaveTheirContentType) {
  const auto response = get("/metrics");
  EXPECT_THAT(response.get_header_value("Content-Type"), StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("nats3_build_info{version=\"1.2.3-test\"} 1"));
}

TEST_F(ApiTest, UnknownPathsUnderApiAreJson404) {
  expect_error(get("/api/v1/store/jobz"), 404, HasSubstr("did you mean /api/v1/store/job?"));
  expect_error(get("/api"), 404, HasSubstr("no such path"));
  expect_error(get("/api/v2/store/jobs"), 404, HasSubstr("no such path"));
  expect_error(post("/stroe/job", "{}"), 404, HasSubstr("did you mean /store/job?"));
  expect_error(get("/api/" + std::string(4000, 'x')), 404, HasSubstr("no such path"));
}

TEST_F(ApiTest, AnythingElseIsThePage) {
  for (const char* path : {"/", "/store/7f6e3c9e", "/load/abc", "/no/such/page", "/apix"}) {
    const auto response = get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_THAT(response.get_header_value("Content-Type"), StartsWith("text/html"));
    EXPECT_THAT(response.body, HasSubstr("<div id=\"app\">"));
    EXPECT_THAT(response.get_header_value("Content-Security-Policy"),
                HasSubstr("script-src 'self'"));
  }
}

TEST_F(ApiTest, ThePageComesWithItsScriptAndStyles) {
  const std::string page = get("/").body;
  for (const auto& [path, type] :
       {std::pair{"/app.js", "text/javascript"}, std::pair{"/app.css", "text/css"}}) {
    EXPECT_THAT(page, HasSubstr(fmt::format("\"{}\"", path)));
    const auto response = get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_THAT(response.get_header_value("Content-Type"), StartsWith(type));
    EXPECT_THAT(response.body, Not(HasSubstr("<html"))) << path;
  }
}

TEST_F(ApiTest, ThePageIsThereWhenNatsIsAway) {
  jobs_.fail_with(Error{ErrorCode::kUnavailable, "NATS can't be reached"});
  ready_ = fail(ErrorCode::kUnavailable, "not ready: NATS can't be reached");
  EXPECT_EQ(get("/").status, 200);
}

}  // namespace
}  // namespace nats3::api
