// The contract of a KeyValue.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/nats_contract.h"

namespace nats3::test {
namespace {

using ::testing::ElementsAre;

TYPED_TEST(BrokerContract, KeysAreSetByTheirRevision) {
  const auto kv = this->brokers_.key_value();
  EXPECT_EQ(kv->get("job.1").error().code, ErrorCode::kNotFound);
  const auto first = kv->put("job.1", "a", 0);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(kv->put("job.1", "b", 0).error().code, ErrorCode::kConflict);
  EXPECT_EQ(kv->put("job.1", "b", *first + 7).error().code, ErrorCode::kConflict);
  const auto second = kv->put("job.1", "b", *first);
  ASSERT_TRUE(second);
  EXPECT_GT(*second, *first);
  EXPECT_EQ(kv->get("job.1")->value, "b");
  EXPECT_EQ(kv->get("job.1")->revision, *second);
  EXPECT_EQ(kv->remove("job.1", *first).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(kv->remove("job.1", *second));
  EXPECT_EQ(kv->get("job.1").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(kv->put("job.1", "c", 0)) << "a removed key can be made again";
}

TYPED_TEST(BrokerContract, KeysAreListedByPrefixInOrder) {
  const auto kv = this->brokers_.key_value();
  for (const char* key : {"job.b", "job.a", "jobs.x", "lease.a", "job.c.d"}) {
    ASSERT_TRUE(kv->put(key, key, 0));
  }
  ASSERT_TRUE(kv->remove("job.b", kv->get("job.b")->revision));
  std::vector<std::string> keys;
  const auto jobs = kv->list("job.");
  ASSERT_TRUE(jobs) << jobs.error().message;
  for (const auto& entry : *jobs) {
    EXPECT_EQ(entry.value, entry.key);
    keys.push_back(entry.key);
  }
  EXPECT_THAT(keys, ElementsAre("job.a", "job.c.d"));
  EXPECT_EQ(kv->list("")->size(), 4U);
  EXPECT_EQ(kv->list("job").error().code, ErrorCode::kInvalid);
  for (const char* bad : {"", "a b", "a%b", ".a", "a.", "a..b", "a*", ">"}) {
    EXPECT_EQ(kv->put(bad, "x", 0).error().code, ErrorCode::kInvalid) << bad;
    EXPECT_EQ(kv->get(bad).error().code, ErrorCode::kInvalid) << bad;
  }
}

TYPED_TEST(BrokerContract, ChangesOfKeysAreToldOnceInOrderRemovalsToo) {
  const auto kv = this->brokers_.key_value();
  EXPECT_TRUE(kv->changes("job.", 0)->empty());
  const std::uint64_t first = *kv->put("job.a", "1", 0);
  ASSERT_TRUE(kv->put("job.b", "1", 0));
  ASSERT_TRUE(kv->put("ask.a", "not of this prefix", 0));
  ASSERT_TRUE(kv->put("job.a", "2", first));
  const auto all = kv->changes("job.", 0);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().key, "job.b");
  EXPECT_EQ(all->back().key, "job.a");
  EXPECT_EQ(all->back().value, "2");
  EXPECT_EQ(all->back().revision, kv->get("job.a")->revision);
  const std::uint64_t seen = all->back().revision;
  EXPECT_EQ(kv->stream()->last_sequence, seen);
  EXPECT_TRUE(kv->changes("job.", seen)->empty());
  ASSERT_TRUE(kv->remove("job.b", all->front().revision));
  const auto removed = kv->changes("job.", seen);
  ASSERT_EQ(removed->size(), 1U);
  EXPECT_EQ(removed->front().key, "job.b");
  EXPECT_EQ(removed->front().value, std::nullopt);
  EXPECT_GT(removed->front().revision, seen);
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(kv->put(fmt::format("job.many-{}", i), "1", 0));
    ASSERT_TRUE(kv->put(fmt::format("ask.many-{}", i), "not of this prefix", 0));
  }
  const auto many = kv->changes("job.", removed->front().revision);
  ASSERT_EQ(many->size(), 40U);
  EXPECT_EQ(many->front().key, "job.many-0");
  EXPECT_EQ(many->back().key, "job.many-39");
  EXPECT_EQ(kv->changes("job", 0).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace nats3::test
