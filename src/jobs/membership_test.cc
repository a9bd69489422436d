#include "jobs/membership.h"

#include <gtest/gtest.h>

#include "jobs/simulation/jobs_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

class MembershipTest : public ::testing::Test {
 protected:
  Result<nats::KvEntry> entry() { return environment_.leases.get("server.us"); }

  World world_;
  TestEnvironment environment_{world_, "us"};
  Membership& membership_ = environment_.membership;
};

// The second renewal met what the first one had written, and took that for its own: the lease was
// counted from then on, while the entry had a second left.
TEST_F(MembershipTest, ARenewalWhoseAnswerWasLostIsNotTheNextOne) {
  ASSERT_TRUE(membership_.renew());
  world_.leases->lose_answer(1);
  EXPECT_EQ(membership_.renew().error().code, ErrorCode::kUnavailable);
  const std::uint64_t lost = entry()->revision;
  world_.clock.advance(7s);
  ASSERT_TRUE(membership_.renew());
  EXPECT_GT(entry()->revision, lost);
  for (; membership_.held(); world_.clock.advance(100ms)) {
    ASSERT_TRUE(entry()) << "others may take its jobs already";
  }
}

TEST_F(MembershipTest, AnotherProcessOfTheSameIdentityEndsIt) {
  ASSERT_TRUE(membership_.renew());
  TestEnvironment successor(world_, "us");
  ASSERT_TRUE(successor.membership.renew());
  EXPECT_EQ(membership_.renew().error().code, ErrorCode::kConflict);
  EXPECT_FALSE(membership_.held());
  EXPECT_TRUE(successor.membership.renew());
}

}  // namespace
}  // namespace nats3::jobs
