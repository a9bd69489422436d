#include "jobs/manager/places.h"

#include <gtest/gtest.h>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

class PlacesTest : public ::testing::Test {
 protected:
  // Who takes the place so long after the first one.
  Result<void> take(const std::string& id, std::chrono::seconds after, const char* prefix = "p") {
    const StoreSpec spec{
        .name = id, .bucket = "b", .prefix = prefix, .stream = "S", .subject = ">"};
    return take_place(kv_, spec, id, start_ + after);
  }

  ManualClock clock_;
  const Timestamp start_ = clock_.now();
  nats::MemoryKeyValue kv_{std::make_shared<nats::MemoryBucket>(clock_)};
};

TEST_F(PlacesTest, IsTakenWhileItsJobMayStillGetOnRecord) {
  ASSERT_TRUE(take("a", 0s));
  EXPECT_EQ(take("b", 59s).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(take("b", -59s).error().code, ErrorCode::kAlreadyExists) << "by a clock that is slow";
  EXPECT_TRUE(take("b", 0s, "another"));
  EXPECT_TRUE(take("b", 61s)) << "its server died in between";
}

// It was taken for an hour, though its job had been deleted.
TEST_F(PlacesTest, IsNotKeptByAClockThatWasAhead) {
  ASSERT_TRUE(take("a", 1h));
  EXPECT_TRUE(take("b", 0s));
}

TEST(PlaceTest, IsFreeOnceItsJobWasDeletedThroughAServerThatHadNotSeenIt) {
  World world;
  world.broker.make_stream("S", {.subjects = {"s.>"}});
  TestServer maker(world, "maker");
  TestServer other(world, "other");
  const auto job = maker.manager().create(store_spec(), Start::kPaused);
  ASSERT_TRUE(job);
  ASSERT_TRUE(other.manager().remove_store(job->info.id));
  const auto again = maker.manager().create(store_spec(), Start::kPaused);
  EXPECT_TRUE(again) << again.error().message;
}

}  // namespace
}  // namespace nats3::jobs
