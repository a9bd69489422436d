#include "cli/import_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// As nats-s3-connector answers them: exactly its keys.
Json old_store_job() {
  return {{"id", "7f6e3c9e-5f2b-4c58-9f3a-000000000001"},
          {"name", "orders"},
          {"status", "Running"},
          {"stream", "ORDERS"},
          {"consumer", "ignored"},
          {"subject", "orders.*.eu.>"},
          {"bucket", "archive"},
          {"prefix", nullptr},
          {"batch", {{"max_bytes", 1000000}, {"max_count", 1000}}},
          {"encoding", {{"codec", "Binary"}}},
          {"created", "2025-01-02T03:04:05.123456Z"},
          {"updated", "2025-01-02T03:04:05.123456Z"}};
}

Json old_load_job() {
  return {{"id", "7f6e3c9e-5f2b-4c58-9f3a-000000000002"},
          {"name", "replay"},
          {"status", "Running"},
          {"bucket", "archive"},
          {"prefix", "a"},
          {"read_stream", "ORDERS"},
          {"read_consumer", nullptr},
          {"read_subject", "orders.>"},
          {"poll_interval", {{"secs", 30}, {"nanos", 0}}},
          {"write_subject", "copy"},
          {"delete_chunks", true},
          {"from_time", "2025-01-01T00:00:00Z"},
          {"to_time", nullptr},
          {"created", "2025-01-02T03:04:06Z"},
          {"updated", "2025-01-02T03:04:06Z"}};
}

// As this API answers it.
Json store_job() {
  Json job = old_store_job();
  job["progress"] = {{"messages", 5}};
  job["last_error"] = "NATS can't be reached";
  job["adopt_consumer"] = nullptr;
  return job;
}

std::vector<PlannedJob> plan(const Json& document, Ended ended = Ended::kSkip) {
  auto jobs = plan_import(document.dump(), ended);
  EXPECT_TRUE(jobs) << jobs.error().message;
  return std::move(jobs).value_or(std::vector<PlannedJob>{});
}

PlannedJob plan_one(const Json& job, Ended ended = Ended::kSkip) {
  auto jobs = plan(Json::array({job}), ended);
  EXPECT_EQ(jobs.size(), 1U);
  return jobs.empty() ? PlannedJob{} : jobs.front();
}

std::string refusal(const std::string& text) {
  const auto jobs = plan_import(text, Ended::kSkip);
  return jobs ? "" : jobs.error().message;
}

TEST(ImportPlan, AStoreJobOfTheConnectorAdoptsItsConsumer) {
  const PlannedJob job = plan_one(old_store_job());
  EXPECT_EQ(job.kind, JobKind::kStore);
  EXPECT_EQ(job.name, "orders");
  EXPECT_FALSE(job.skip);
  EXPECT_EQ(job.body, (Json{{"name", "orders"},
                            {"stream", "ORDERS"},
                            {"subject", "orders.*.eu.>"},
                            {"bucket", "archive"},
                            {"batch", {{"max_bytes", 1000000}, {"max_count", 1000}}},
                            {"encoding", {{"codec", "Binary"}}},
                            {"adopt_consumer", "orders___eu__"}}));
}

TEST(ImportPlan, ALoadJobKeepsAllThatCanBeGiven) {
  const PlannedJob job = plan_one(old_load_job());
  EXPECT_EQ(job.kind, JobKind::kLoad);
  EXPECT_EQ(job.body, (Json{{"name", "replay"},
                            {"bucket", "archive"},
                            {"prefix", "a"},
                            {"read_stream", "ORDERS"},
                            {"read_subject", "orders.>"},
                            {"poll_interval", {{"secs", 30}, {"nanos", 0}}},
                            {"write_subject", "copy"},
                            {"delete_chunks", true},
                            {"from_time", "2025-01-01T00:00:00Z"}}));
  EXPECT_THAT(job.note, HasSubstr("begins anew"));
}

TEST(ImportPlan, JobsOfOurOwnAdoptNothingNew) {
  Json job = store_job();
  Json with = job;
  with["consumer"] = nullptr;
  with["adopt_consumer"] = "given";
  for (const Json& document :
       {Json::array({job, with}),
        Json{{"nats3_jobs", 1}, {"store_jobs", {job, with}}, {"load_jobs", Json::array()}}}) {
    const auto jobs = plan(document);
    ASSERT_EQ(jobs.size(), 2U);
    EXPECT_FALSE(jobs[0].body.contains("adopt_consumer"));
    EXPECT_EQ(jobs[0].body["consumer"], "ignored");
    EXPECT_EQ(jobs[1].body["adopt_consumer"], "given");
    EXPECT_FALSE(jobs[0].body.contains("last_error"));
    EXPECT_FALSE(jobs[0].body.contains("progress"));
  }
}

TEST(ImportPlan, AnArrayMayHoldBothKinds) {
  const auto jobs = plan(Json::array({old_store_job(), old_load_job()}));
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].kind, JobKind::kStore);
  EXPECT_EQ(jobs[1].kind, JobKind::kLoad);
}

TEST(ImportPlan, StatusSaysWhatBecomesOfAJob) {
  Json job = old_store_job();
  for (const char* status : {"Created", "Running"}) {
    job["status"] = status;
    EXPECT_FALSE(plan_one(job).body.contains("paused")) << status;
  }
  job["status"] = "Paused";
  EXPECT_EQ(plan_one(job).body["paused"], true);
  for (const char* status : {"Success", "Failure"}) {
    job["status"] = status;
    EXPECT_TRUE(plan_one(job).skip);
    EXPECT_THAT(plan_one(job).note, AllOf(HasSubstr(status), HasSubstr("--all")));
    EXPECT_FALSE(plan_one(job, Ended::kMakePaused).skip);
    EXPECT_EQ(plan_one(job, Ended::kMakePaused).body["paused"], true);
  }
  job["status"] = "Sleeping\x1b";
  EXPECT_TRUE(plan_one(job).skip);
  EXPECT_THAT(plan_one(job).note, HasSubstr("'Sleeping '"));
}

TEST(ImportPlan, OldestFirst) {
  Json newest = old_store_job();
  newest["created"] = "2026-01-01T00:00:00Z";
  newest["name"] = "newest";
  Json unknown = old_store_job();
  unknown["created"] = "yesterday";
  unknown["name"] = "unknown";
  auto jobs = plan(Json::array({newest, old_load_job(), old_store_job(), unknown}));
  sort_by_age(jobs);
  std::vector<std::string> names;
  for (const PlannedJob& job : jobs) {
    names.push_back(job.name);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("unknown", "orders", "replay", "newest"));
}

TEST(ImportPlan, ALoadJobWithoutANameAlwaysGetsTheSame) {
  Json job = old_load_job();
  job["name"] = nullptr;
  const std::string name = plan_one(job).name;
  EXPECT_THAT(name, ::testing::MatchesRegex("load-[0-9a-f]+"));
  EXPECT_EQ(plan_one(job).name, name);
  job["write_subject"] = "other";
  EXPECT_NE(plan_one(job).name, name);
}

TEST(ImportPlan, WhatIsNoneOfTheFormsIsSaid) {
  EXPECT_THAT(refusal("{"), HasSubstr("line 1"));
  EXPECT_THAT(refusal("{}"), AllOf(HasSubstr("job export"), HasSubstr("GET /store/jobs")));
  EXPECT_THAT(refusal("5"), HasSubstr("job export"));
  EXPECT_THAT(refusal(R"({"error": "not ready"})"), HasSubstr("not ready"));
  EXPECT_THAT(refusal(R"([{"name": "x"}])"), AllOf(HasSubstr("entry 1"), HasSubstr("read_stream")));
  EXPECT_THAT(refusal("[5]"), HasSubstr("entry 1"));
  EXPECT_THAT(refusal(R"({"nats3_jobs": 2})"), AllOf(HasSubstr("version 2"), HasSubstr("newer")));
  EXPECT_THAT(refusal(R"({"nats3_jobs": "1"})"), HasSubstr("version"));
  EXPECT_THAT(refusal(R"({"nats3_jobs": 1, "store_jobs": []})"), HasSubstr("load_jobs"));
  EXPECT_THAT(plan(Json::array()), IsEmpty());
}

TEST(ImportPlan, ManyJobsAreRefused) {
  Json many = Json::array();
  many.get_ref<Json::array_t&>().resize(kMaxImportJobs + 1, old_store_job());
  EXPECT_THAT(refusal(many.dump()), HasSubstr("more than 10,000 jobs"));
}

TEST(ImportPlan, DefinitionsAreTheSameInAnyForm) {
  const auto same = [](JobKind kind, const Json& a, const Json& b) {
    return definition_of(kind, a) == definition_of(kind, b);
  };
  Json store = store_job();
  store["name"] = "another";
  store["prefix"] = "/";
  EXPECT_TRUE(same(JobKind::kStore, store, old_store_job()));
  store["prefix"] = "x";
  EXPECT_FALSE(same(JobKind::kStore, store, old_store_job()));

  Json load = old_load_job();
  load["poll_interval"] = "30s";
  load["from_time"] = "2025-01-01T01:00:00.000000000+01:00";
  load["prefix"] = "/a/";
  load["on_corrupt"] = "fail";
  load["origin_headers"] = true;
  EXPECT_TRUE(same(JobKind::kLoad, load, old_load_job()));
  for (const auto& [key, value] : {std::pair<const char*, Json>{"name", "other"},
                                   {"origin_headers", false},
                                   {"on_corrupt", "skip"},
                                   {"poll_interval", "31s"},
                                   {"poll_interval", nullptr},
                                   {"delete_chunks", nullptr},
                                   {"to_time", "2025-01-01T00:00:00Z"}}) {
    Json other = load;
    other[key] = value;
    EXPECT_FALSE(same(JobKind::kLoad, other, old_load_job())) << key;
  }
}

// The keys that a request to make a load can have, each with a value that isn't its default.
Json every_load_key() {
  std::ifstream file("docs/openapi.json");
  const Json document = Json::parse(file, nullptr, false);
  EXPECT_TRUE(document.is_object()) << "docs/openapi.json can't be read";
  const Json& schemas = document.at("components").at("schemas");
  Json keys = Json::object();
  for (const auto& [key, schema] : schemas.at("LoadJobCreate").at("properties").items()) {
    if (schema.value("$ref", std::string()) != "#/components/schemas/NotRead") {
      keys[key] = schema.contains("default") && schema["default"].is_boolean()
                      ? Json(!schema["default"].get<bool>())
                      : Json("other");
    }
  }
  keys.erase("paused");  // it's of the one request
  return keys;
}

// What differs in any key is another load: it isn't there already.
TEST(ImportPlan, EveryKeyOfALoadIsPartOfItsDefinition) {
  const std::string same = definition_of(JobKind::kLoad, old_load_job());
  const Json keys = every_load_key();
  EXPECT_GE(keys.size(), 15U);
  for (const auto& [key, value] : keys.items()) {
    Json other = old_load_job();
    other[key] = key == "delete_chunks" ? Json(false) : value;  // it is true in old_load_job()
    EXPECT_NE(definition_of(JobKind::kLoad, other), same) << key;
  }
}

TEST(ImportPlan, DefaultsThatAreWrittenOutChangeNothing) {
  Json load = old_load_job();
  load.update({{"strict", false}, {"message_ids", true}, {"on_corrupt", "fail"}});
  EXPECT_EQ(definition_of(JobKind::kLoad, load), definition_of(JobKind::kLoad, old_load_job()));
}

}  // namespace
}  // namespace nats3::cli
