#include "jobs/archives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST_F(ArchivesTest, AStoreThatIsAwayIsUnavailable) {
  const auto away =
      object::make_faulty_provider(stores_, object::fail_calls(object::Operation::kList, 1, 1'000));
  Archives archives(*away);
  EXPECT_EQ(archives.streams("bucket", "").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(archives.stream("bucket", "team", "ORDERS").error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace nats3::jobs
