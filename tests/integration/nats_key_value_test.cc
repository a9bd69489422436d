// KeyValue buckets over libnats, against a real nats-server.
#include <fmt/format.h>

#include <thread>

#include "nats/key_value.h"
#include "tests/integration/nats_fixture.h"

namespace nats3::test {
namespace {

class NatsKeyValueTest : public NatsTest {
 protected:
  std::unique_ptr<nats::KeyValue> open(const std::string& bucket,
                                       nats::KeyValueOptions options = {}) {
    auto kv = nats::make_key_value(client_, bucket, options);
    EXPECT_TRUE(kv) << kv.error().message;
    return kv ? std::move(*kv) : nullptr;
  }
};

TEST_F(NatsKeyValueTest, MakesTheStreamThatOfficialClientsMake) {
  const auto kv = open("B", {.replicas = 1, .max_age = std::chrono::seconds{30}});
  const auto info = broker_->stream_info("KV_B");
  ASSERT_TRUE(info);
  const Json config = Json::parse(info->config_json);
  EXPECT_EQ(config.at("subjects"), Json({"$KV.B.>"}));
  EXPECT_EQ(config.at("max_msgs_per_subject"), 1);
  EXPECT_EQ(config.at("discard"), "new");
  EXPECT_EQ(config.at("deny_delete"), true);
  EXPECT_EQ(config.at("allow_rollup_hdrs"), true);
  EXPECT_EQ(config.at("allow_direct"), true);
  EXPECT_EQ(config.at("storage"), "file");
  EXPECT_EQ(config.at("max_age"), 30'000'000'000);
}

TEST_F(NatsKeyValueTest, LeavesAnExistingBucketAsItIs) {
  open("B", {.replicas = 1, .max_age = std::chrono::seconds{30}});
  open("B", {.replicas = 1, .max_age = std::chrono::seconds{60}});
  EXPECT_EQ(Json::parse(broker_->stream_info("KV_B")->config_json).at("max_age"), 30'000'000'000);
}

TEST_F(NatsKeyValueTest, OnlyOneOfTwoRacingWritersWins) {
  const auto kv = open("B");
  for (int round = 0; round < 50; ++round) {
    const std::string key = fmt::format("race.{}", round);
    std::atomic<int> wins = 0;
    std::atomic<int> conflicts = 0;
    const auto write = [&] {
      const auto revision = kv->put(key, "the same value", 0);
      wins += revision ? 1 : 0;
      conflicts += !revision && revision.error().code == ErrorCode::kConflict ? 1 : 0;
    };
    std::thread other(write);
    write();
    other.join();
    ASSERT_EQ(wins, 1);
    ASSERT_EQ(conflicts, 1);
  }
}

TEST_F(NatsKeyValueTest, SurvivesARestartAndARemovedKeyCanBeMadeAgain) {
  const auto kv = open("B");
  const auto first = kv->put("job.1", "a", 0);
  ASSERT_TRUE(first);
  server_.restart();
  Result<nats::KvEntry> entry = fail(ErrorCode::kInternal, "");
  ASSERT_TRUE(eventually([&] {
    entry = kv->get("job.1");
    return entry.has_value();
  }));
  EXPECT_EQ(entry->value, "a");
  EXPECT_EQ(entry->revision, *first);
  ASSERT_TRUE(kv->remove("job.1", *first));
  EXPECT_EQ(kv->get("job.1").error().code, ErrorCode::kNotFound);
  const auto again = kv->put("job.1", "b", 0);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_GT(*again, *first);
}

TEST_F(NatsKeyValueTest, ListsThousandsOfKeysInOrder) {
  const auto kv = open("B");
  std::vector<PlainMessage> entries;
  for (int i = 0; i < 3'000; ++i) {
    entries.push_back({fmt::format("$KV.B.job.{:05}", i), {}, fmt::format("value {}", i)});
  }
  publish(entries);
  publish({{"$KV.B.other.1", {}, "x"}, {"$KV.B.job.00007", {{"KV-Operation", "PURGE"}}, ""}});
  const auto listed = kv->list("job.");
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->size(), 2'999U);
  EXPECT_EQ(listed->at(7).key, "job.00008") << "a purge marker is no entry";
  EXPECT_EQ(listed->back().value, "value 2999");
  EXPECT_EQ(kv->list("none.")->size(), 0U);
  EXPECT_EQ(kv->list("")->size(), 3'000U);
}

// The server is frozen while it holds the write: the answer is lost, the write happens.
TEST_F(NatsKeyValueTest, ARepeatAfterALostAnswerCountsAsSuccess) {
  nats::ConnectionOptions options = connection_options();
  options.request_timeout = std::chrono::milliseconds{200};
  const auto client = nats::Client::make(options);
  ASSERT_TRUE(client);
  auto kv = nats::make_key_value(*client, "B", {});
  ASSERT_TRUE(kv);
  server_.pause();
  const auto lost = (*kv)->put("k", "mine", 0);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kUnavailable);
  server_.resume();
  const auto theirs = open("B");
  ASSERT_TRUE(eventually([&] { return theirs->get("k").has_value(); }));
  const auto repeated = (*kv)->put("k", "mine", 0);
  ASSERT_TRUE(repeated) << repeated.error().message;
  EXPECT_EQ(*repeated, theirs->get("k")->revision);
  // The same write by somebody else is a conflict.
  EXPECT_EQ(theirs->put("k", "mine", 0).error().code, ErrorCode::kConflict);
}

TEST_F(NatsKeyValueTest, EntriesGoAfterTheirAge) {
  const auto kv = open("L", {.replicas = 1, .max_age = std::chrono::milliseconds{500}});
  ASSERT_TRUE(kv->put("lease.1", "me", 0));
  EXPECT_TRUE(eventually([&] { return !kv->get("lease.1").has_value(); }));
  EXPECT_TRUE(kv->put("lease.1", "you", 0));
}

}  // namespace
}  // namespace nats3::test
