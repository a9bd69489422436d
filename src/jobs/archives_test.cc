#include "jobs/archives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

#include "archive/epoch.h"
#include "archive/key.h"
#include "object/faulty.h"
#include "object/memory/memory_store.h"

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kEpoch = "20261124T015425.123456789Z";

class ArchivesTest : public ::testing::Test {
 protected:
  ArchivesTest() {
    const archive::StreamLocation location{"team", "ORDERS"};
    const auto store = *stores_->open("bucket", object::IfMissing::kCreate);
    const auto description = archive::serialize(
        archive::EpochDescription{.stream = "ORDERS", .name = kEpoch, .config = Json::object()});
    EXPECT_TRUE(store->put(archive::description_key(location, kEpoch), *description));
    EXPECT_TRUE(store->put(
        archive::chunk_key(location, kEpoch, ">", {.first = 3, .last = 9, .count = 5}), "chunk"));
  }

  std::shared_ptr<object::ObjectStoreProvider> stores_ = object::make_memory_provider();
  Archives archives_{*stores_};
};

TEST_F(ArchivesTest, PrefixesAreTakenAsPeopleWriteThem) {
  EXPECT_THAT(archives_.streams("bucket", "")->folders, ElementsAre("team"));
  for (const char* prefix : {"team", "/team", "team/", "//team//"}) {
    EXPECT_THAT(archives_.streams("bucket", prefix)->streams, ElementsAre("ORDERS")) << prefix;
    const auto stream = archives_.stream("bucket", prefix, "ORDERS");
    ASSERT_TRUE(stream) << prefix;
    EXPECT_EQ(stream->epochs[0].subjects[0].totals.messages, 5U);
  }
}

TEST_F(ArchivesTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(archives_.streams("elsewhere", "").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(archives_.stream("elsewhere", "", "ORDERS").error().code, ErrorCode::kNotFound);
  const auto missing = archives_.stream("bucket", "", "ORDERS");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("nothing is archived under 'ORDERS/'"));
}

TEST_F(ArchivesTest, WhatCanBeNoPlaceIsInvalid) {
  EXPECT_EQ(archives_.streams("no such/bucket", "").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(archives_.streams("bucket", "a/../b").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(archives_.stream("bucket", "a/../b", "S").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(archives_.stream("bucket", "", "").error().code, ErrorCode::kInvalid);
}

TEST_F(ArchivesTest, PruningRemovesUnlessItIsOnlyToLook) {
  const Timestamp now = Clock::system().now();
  const auto found = archives_.prune("bucket", "/team/", "ORDERS", now, true);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->totals.messages, 5U);
  EXPECT_EQ(archives_.prune("bucket", "team", "ORDERS", now, false)->totals.messages, 5U);
  EXPECT_EQ(archives_.prune("bucket", "team", "ORDERS", now, false)->totals.messages, 0U);
  EXPECT_EQ(archives_.stream("bucket", "team", "ORDERS")->epochs[0].subjects[0].totals.messages,
            0U);
}

TEST_F(ArchivesTest, ThereIsNothingToPruneElsewhereOrInTheFuture) {
  const Timestamp now = Clock::system().now();
  EXPECT_EQ(archives_.prune("bucket", "", "ORDERS", now, false).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(archives_.prune("none", "team", "ORDERS", now, false).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(
      archives_.prune("bucket", "team", "ORDERS", now + std::chrono::hours{1}, false).error().code,
      ErrorCode::kInvalid);
  EXPECT_EQ(archives_.stream("bucket", "team", "ORDERS")->epochs[0].subjects[0].totals.messages,
            5U);
}

TEST_F(ArchivesTest, OneCallPrunesSome) {
  const auto store = *stores_->open("bucket", object::IfMissing::kFail);
  for (std::uint64_t i = 0; i < Archives::kMostPruned; ++i) {
    const std::uint64_t sequence = 10 + i;
    ASSERT_TRUE(store->put(archive::chunk_key({"team", "ORDERS"}, kEpoch, ">",
                                              {.first = sequence, .last = sequence, .count = 1}),
                           "chunk"));
  }
  const Timestamp now = Clock::system().now();
  EXPECT_EQ(archives_.prune("bucket", "team", "ORDERS", now, true)->totals.chunks,
            Archives::kMostPruned + 1);
  const auto first = archives_.prune("bucket", "team", "ORDERS", now, false);
  EXPECT_EQ(first->totals.chunks, Archives::kMostPruned);
  EXPECT_TRUE(first->more);
  const auto second = archives_.prune("bucket", "team", "ORDERS", now, false);
  EXPECT_EQ(second->totals.chunks, 1U);
  EXPECT_FALSE(second->more);
}

TEST_F(ArchivesTest, AStoreThatIsAwayIsUnavailable) {
  const auto away =
      object::make_faulty_provider(stores_, object::fail_calls(object::Operation::kList, 1, 1'000));
  Archives archives(*away);
  EXPECT_EQ(archives.streams("bucket", "").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(archives.stream("bucket", "team", "ORDERS").error().code, ErrorCode::kUnavailable);
}

TEST_F(ArchivesTest, AFolderOfThousandsOfFoldersIsTooMuch) {
  const auto store = *stores_->open("bucket", object::IfMissing::kFail);
  for (std::size_t i = 0; i <= Archives::kMostRequests; ++i) {
    ASSERT_TRUE(store->put("folder" + std::to_string(i) + "/x", "x"));
  }
  const auto streams = archives_.streams("bucket", "");
  ASSERT_FALSE(streams);
  EXPECT_EQ(streams.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(streams.error().message, HasSubstr("prefix"));
  EXPECT_TRUE(archives_.streams("bucket", "team"));
}

// Opens nothing before it is let.
class Gate final : public object::ObjectStoreProvider {
 public:
  explicit Gate(object::ObjectStoreProvider& inner) : inner_(inner) {}

  Result<std::shared_ptr<object::ObjectStore>> open(const std::string& bucket,
                                                    object::IfMissing if_missing) override {
    waiting_.count_down();
    open_.wait();
    return inner_.open(bucket, if_missing);
  }
  void wait_for_all() { waiting_.wait(); }
  void let() { open_.count_down(); }

 private:
  object::ObjectStoreProvider& inner_;
  std::latch waiting_{Archives::kMostAtOnce};
  std::latch open_{1};
};

TEST_F(ArchivesTest, SomeLookAtATimeAndNoMore) {
  Gate gate(*stores_);
  Archives archives(gate);
  std::vector<std::thread> threads;
  for (int i = 0; i < Archives::kMostAtOnce; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(archives.streams("bucket", "team")); });
  }
  gate.wait_for_all();
  EXPECT_EQ(archives.streams("bucket", "").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(archives.stream("bucket", "", "S").error().code, ErrorCode::kUnavailable);
  gate.let();
  for (std::thread& thread : threads) {
    thread.join();
  }
}

TEST_F(ArchivesTest, AStopEndsWhatIsUnderWay) {
  Gate gate(*stores_);
  Archives archives(gate);
  std::thread thread(
      [&] { EXPECT_EQ(archives.streams("bucket", "").error().code, ErrorCode::kCancelled); });
  archives.stop();
  gate.let();
  thread.join();
}

TEST_F(ArchivesTest, MessagesOfWhatIsNotThereAreNotFound) {
  EXPECT_EQ(archives_.read("elsewhere", "", "ORDERS", {}, 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(archives_.read("bucket", "", "ORDERS", {}, 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(archives_.read("bucket", "", "", {}, 1).error().code, ErrorCode::kInvalid);
  const catalog::Selection after{.after = {.epoch = "20270101T000000.000000000Z", .sequence = 1}};
  const auto missing = archives_.read("bucket", "team", "ORDERS", after, 1);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("no epoch '20270101T000000.000000000Z'"));
}

TEST_F(ArchivesTest, SomeReadAtATimeAndOthersWhenTheyHaveEnded) {
  std::vector<Result<ArchiveService::Lines>> readers;
  for (int i = 0; i < Archives::kMostReaders; ++i) {
    readers.push_back(archives_.read("bucket", "team", "ORDERS", {}, 1));
    ASSERT_TRUE(readers.back());
  }
  EXPECT_EQ(archives_.read("bucket", "team", "ORDERS", {}, 1).error().code,
            ErrorCode::kUnavailable);
  EXPECT_TRUE(archives_.streams("bucket", "team"));  // others are not concerned
  readers.pop_back();
  EXPECT_TRUE(archives_.read("bucket", "team", "ORDERS", {}, 1));
}

TEST_F(ArchivesTest, AStopEndsAReader) {
  const auto lines = archives_.read("bucket", "team", "ORDERS", {}, 1);
  ASSERT_TRUE(lines);
  archives_.stop();
  const auto next = (*lines)();
  EXPECT_EQ(next.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(next.error().message, HasSubstr("the server is stopping"));
  EXPECT_EQ(archives_.read("bucket", "team", "ORDERS", {}, 1).error(), next.error());
}

}  // namespace
}  // namespace nats3::jobs
