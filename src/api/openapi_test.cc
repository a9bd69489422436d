// docs/openapi.json is the one source for what the API accepts: its routes are the API's, and for
// every body that follows from its schemas, right or wrong, the API answers as they say.
#include "api/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "api/api.h"
#include "api/fake_archive_service.h"
#include "api/fake_job_service.h"
#include "api/schema_testing.h"
#include "base/json.h"

namespace nats3::api {
namespace {

using ::testing::ElementsAreArray;

const Json& document() {
  static const Json kDocument = Json::parse(openapi_document());
  return kDocument;
}

// The API with jobs that work whatever they are, so that only the form of a body can be refused.
class Harness {
 public:
  HttpResponse call(const std::string& method, const std::string& path,
                    const std::string& body = "") const {
    return api.handle({.method = method,
                       .path = path,
                       .query = {},
                       .content_type = std::string(kJsonType),
                       .fetch_site = "",
                       .body = body});
  }

  FakeJobService jobs;
  jobs::Metrics metrics;
  FakeArchiveService archives;
  Api api{{.jobs = jobs,
           .archives = archives,
           .metrics = metrics,
           .ready = [] { return Result<void>{}; },
           .version = {}}};
};

struct Kind {
  const char* path;
  const char* body;  // names of schemas
  const char* job;
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.body; }

constexpr Kind kStore{"/store/job", "StoreJobCreate", "StoreJob"};
constexpr Kind kLoad{"/load/job", "LoadJobCreate", "LoadJob"};

constexpr Kind kVerify{"/verify/job", "VerifyJobCreate", "VerifyJob"};

// What only answers have.
const Json kNotRead{{"$ref", "#/components/schemas/NotRead"}};

// A key of the body, such as "/name" or "/batch/max_bytes", with its schema.
struct Property {
  std::string path;
  const Json* schema;
};

class BodyTest : public ::testing::TestWithParam<Kind> {
 protected:
  static const Json& schema(const std::string& name) {
    return document()["components"]["schemas"].at(name);
  }
  static const Json& body_schema() { return schema(GetParam().body); }
  // Has the keys that are required, and no other.
  static const Json& example() { return body_schema()["examples"].at(0); }

  static void add_properties(const Json& schema, const std::string& path,
                             std::vector<Property>& all) {
    for (const auto& [key, value] : schema["properties"].items()) {
      std::string at = path;
      at.append("/").append(key);
      all.push_back({at, &value});
      if (value.contains("properties")) {
        add_properties(value, at, all);
      }
    }
  }
  static std::vector<Property> properties() {
    std::vector<Property> all;
    add_properties(body_schema(), "", all);
    return all;
  }

  static Json with(const std::string& path, const Json& value) {
    Json body = example();
    body[Json::json_pointer(path)] = value;
    return body;
  }

  // The API takes a body when, and only when, the schema does.
  void expect_same(const Json& body) const {
    const HttpResponse response = harness_.call("POST", GetParam().path, body.dump());
    EXPECT_EQ(response.status, checker_.accepts(body_schema(), body) ? 200 : 400)
        << body.dump() << "\n"
        << response.body;
  }

  const Harness harness_;
  const SchemaChecker checker_{document()};
};

INSTANTIATE_TEST_SUITE_P(AllKinds, BodyTest, ::testing::Values(kStore, kLoad, kVerify));

// Values of every type, and texts that are something to some key.
std::vector<Json> odd_values() {
  std::vector<Json> values{
      nullptr,
      true,
      false,
      0,
      1,
      -1,
      1.5,
      1e308,
      18'446'744'073'709'551'615U,
      Json::array(),
      Json::object(),
      Json::array({"orders"}),
      {{"secs", 5}},
      {{"nanos", 5}},
      {{"secs", 5}, {"nanos", 1'000'000'000}},
      {{"secs", -5}},
      {{"secs", "5"}},
      {{"secs", 5}, {"nanos", nullptr}},
      {{"secs", 1e9}},
      {{"x", 1}},
      std::string("a\0b", 3),
  };
  for (const char* text : {"",
                           " ",
                           "x",
                           "X",
                           "a b",
                           "a.b",
                           "a..b",
                           "..",
                           ".",
                           ".a",
                           "a.",
                           "./a",
                           "a/./b",
                           "a/../b",
                           "a//b",
                           "/a/",
                           "///",
                           "/",
                           "a/b",
                           "a\nb",
                           "a\tb",
                           "\x7f",
                           "*",
                           ">",
                           "a.*",
                           "a.>",
                           "*.a",
                           ">.a",
                           "a*",
                           "%",
                           "a\\b",
                           "archive",
                           "Archive",
                           "1.2.3.4",
                           "1.2.3",
                           "-ab",
                           "ab-",
                           "ä",
                           "$JS.API",
                           "$KV.a",
                           "$SYS",
                           "_INBOX.a",
                           "_INBOXES",
                           "$1",
                           "$1.a",
                           "{{subject}}",
                           "a.{{subject}}",
                           "{{subject}}.a",
                           "{{ wildcard( 1 ) }}",
                           "{{wildcard(0)}}",
                           "{{wildcard(1)",
                           "a{{wildcard(1)}}",
                           "{{x}}",
                           "5s",
                           "5",
                           "s",
                           "-5s",
                           "1h30m",
                           "1h 30m",
                           "10ms",
                           "9ms",
                           "3601s",
                           "1d",
                           "367d",
                           "5x",
                           "1.5s",
                           "2026-11-24T08:30:00Z",
                           "2026-11-24t08:30:00.123456789+01:00",
                           "2026-02-30T00:00:00Z",
                           "2026-11-24 08:30:00Z",
                           "2026-11-24T08:30:00",
                           "2026-11-24T08:30:00.1234567890Z",
                           "2026-11-24T24:00:00Z",
                           "1500-01-01T00:00:00Z",
                           "fail",
                           "skip",
                           "zip",
                           "Binary",
                           "binary",
                           "bin",
                           "Json",
                           "json",
                           "JSON",
                           "true"}) {
    values.emplace_back(text);
  }
  return values;
}

TEST_P(BodyTest, EachPropertyTakesWhatItsSchemaTakesAndNothingElse) {
  for (const auto& [path, schema] : properties()) {
    auto values = checker_.edges(*schema);
    const auto odd = odd_values();
    values.insert(values.end(), odd.begin(), odd.end());
    int taken = 0;
    for (const Json& value : values) {
      expect_same(with(path, value));
      taken += checker_.accepts(*schema, value) && !value.is_null() ? 1 : 0;
    }
    EXPECT_GT(taken, 0) << path << ": nothing was tried that it takes; give it an example";
  }
}

TEST_P(BodyTest, TwoPropertiesTogetherAreTakenUnlessTheSchemaRefusesThem) {
  for (const auto& [path, schema] : properties()) {
    for (const auto& [other_path, other_schema] : properties()) {
      for (const Json& value : schema->value("examples", Json::array())) {
        for (const Json& other : other_schema->value("examples", Json::array())) {
          Json body = with(path, value);
          body[Json::json_pointer(other_path)] = other;
          expect_same(body);
        }
      }
    }
  }
}

// The other way round: a key that a job is answered with was taken from the body, or may be in one.
TEST_P(BodyTest, EveryKeyOfAJobIsAPropertyOfTheBody) {
  const Json job = Json::parse(harness_.call("POST", GetParam().path, example().dump()).body);
  for (const auto& [key, value] : job.items()) {
    ASSERT_TRUE(body_schema()["properties"].contains(key)) << key;
    const Json& schema = body_schema()["properties"][key];
    for (const auto& [inner, unused] : value.items()) {
      if (value.is_object() && schema != kNotRead) {
        EXPECT_TRUE(schema["properties"].contains(inner)) << key << "." << inner;
      }
    }
  }
}

TEST_P(BodyTest, UnknownAndMissingKeysAreRefused) {
  expect_same(with("/unknown", 1));
  for (const auto& [path, schema] : properties()) {
    if (schema->contains("properties")) {
      expect_same(with(path + "/unknown", 1));
    }
  }
  ASSERT_EQ(example().size(), body_schema()["required"].size());
  for (const Json& key : body_schema()["required"]) {
    Json body = example();
    body.erase(key.get<std::string>());
    EXPECT_FALSE(checker_.accepts(body_schema(), body)) << key;
    expect_same(body);
  }
}

// What is left out is as the schema's default says; a key without one has no constant value.
TEST_P(BodyTest, DefaultsAreWhatIsAnswered) {
  const auto made = [&] {
    return Json::parse(harness_.call("POST", GetParam().path, example().dump()).body);
  };
  const Json job = made();
  const Json other = made();
  for (const auto& [path, schema] : properties()) {
    const Json::json_pointer at(path);
    if (path == "/paused") {
      EXPECT_EQ((*schema)["default"], job["status"] == "Paused");
    } else if (schema->contains("default")) {
      EXPECT_EQ((*schema)["default"], job.at(at)) << path;
    } else if (!schema->contains("properties") && !example().contains(at) && *schema != kNotRead) {
      EXPECT_NE(job.at(at), other.at(at)) << path << ": its default is missing";
    }
  }
}

TEST_P(BodyTest, AJobIsAnsweredWithTheKeysOfItsSchema) {
  const Json job = Json::parse(harness_.call("POST", GetParam().path, example().dump()).body);
  EXPECT_TRUE(checker_.accepts(schema(GetParam().job), job)) << job.dump(2);
  const auto keys = [](const Json& object) {
    std::vector<std::string> all;
    for (const auto& [key, value] : object.items()) {
      all.push_back(key);
    }
    return all;
  };
  const Json& described = schema(GetParam().job)["properties"];
  EXPECT_THAT(keys(job), ElementsAreArray(keys(described)));
  const Json& progress = checker_.follow(described["progress"]["$ref"])["properties"];
  EXPECT_THAT(keys(job["progress"]), ElementsAreArray(keys(progress)));
}

TEST(Openapi, DescribesEveryKindOfFinding) {
  Harness harness;
  const SchemaChecker checker{document()};
  const Json& schema = document()["components"]["schemas"]["VerifyJob"];
  jobs::VerifyJob job;
  job.info.id = "8b0c7b7e-5f5e-4a32-9d3e-1f4f0c0de000";
  job.spec = {.name = "scrub", .bucket = "archive", .prefix = {}, .stream = "orders"};
  for (const catalog::FindingKind kind : catalog::kFindingKinds) {
    job.progress.findings.push_back(
        {.key = "orders/x", .kind = kind, .detail = "d", .cause = "", .repaired = false});
  }
  harness.jobs.set(job);
  const Json answer = Json::parse(harness.call("GET", "/verify/jobs").body).at(0);
  EXPECT_EQ(answer["progress"]["findings"].size(), catalog::kFindingKinds.size());
  EXPECT_TRUE(checker.accepts(schema, answer)) << answer.dump(2);
  Json wrong = answer;
  wrong["progress"]["findings"][0]["kind"] = "odd";
  EXPECT_FALSE(checker.accepts(schema, wrong));
}

// Any text under any key, of characters that mean something to one or another.
RC_GTEST_PROP(OpenapiProperty, ATextIsTakenWhenItsPatternTakesIt, ()) {
  const Kind kind = *rc::gen::element(kStore, kLoad, kVerify);
  const SchemaChecker checker{document()};
  const Json& schema = document()["components"]["schemas"][kind.body];
  std::vector<std::string> keys;
  for (const auto& [key, unused] : schema["properties"].items()) {
    keys.push_back(key);
  }
  const auto character = rc::gen::element<char>('a', 'b', 'Z', '0', '1', '.', '*', '>', '/', '-',
                                                '_', ' ', '\n', '\0', '\x7f', '%', '\\', '$', '{');
  Json body = schema["examples"][0];
  const auto key = *rc::gen::elementOf(keys);
  body[key] = *rc::gen::container<std::string>(character);
  const int expected = checker.accepts(schema, body) ? 200 : 400;
  RC_ASSERT(Harness().call("POST", kind.path, body.dump()).status == expected);
}

TEST(Openapi, IsServedAsTheFileIs) {
  std::ifstream file("docs/openapi.json", std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  for (const char* path : {"/api/v1/openapi.json", "/openapi.json"}) {
    const HttpResponse response = Harness().call("GET", path);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, kJsonType);
    EXPECT_EQ(response.body, bytes.str());
  }
}

TEST(Openapi, DescribesEveryRouteAndNoOther) {
  std::vector<Api::Route> described;
  for (const auto& [path, item] : document()["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      std::string upper = method;
      std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
      described.push_back({upper, path});
    }
  }
  std::ranges::sort(described);
  auto routes = Harness().api.routes();
  std::ranges::sort(routes);
  EXPECT_EQ(described.size(), routes.size());
  for (const Api::Route& route : routes) {
    EXPECT_THAT(described, ::testing::Contains(route)) << route.method << " " << route.path;
  }
}

}  // namespace
}  // namespace nats3::api
