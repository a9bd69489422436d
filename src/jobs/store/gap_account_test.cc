#include "jobs/store/gap_account.h"

#include <gtest/gtest.h>

namespace nats3::jobs {
namespace {

TEST(GapAccount, WhatTheStreamHasDroppedSinceIsUnseen) {
  GapAccount account;
  const Unseen unseen = account.begin(10, 15);
  EXPECT_EQ(unseen.messages, 4U);
  EXPECT_EQ(unseen.last, 14U);
  EXPECT_EQ(account.begin(20, 15).messages, 0U);
  EXPECT_EQ(account.begin(0, 0).messages, 0U);  // an empty stream
}

TEST(GapAccount, SequencesThatWerePassedOverAreJudgedByWhereTheStreamBegins) {
  GapAccount account;
  account.begin(10, 1);
  account.take(11);
  EXPECT_FALSE(account.open());
  account.take(20);
  account.take(30);
  EXPECT_TRUE(account.open());
  const Unseen unseen = account.settle(25);  // 12 to 19 and 21 to 24
  EXPECT_EQ(unseen.messages, 12U);
  EXPECT_EQ(unseen.last, 24U);
  EXPECT_FALSE(account.open());
  EXPECT_EQ(account.settle(100).messages, 0U) << "judged once";
}

TEST(GapAccount, HolesInTheMiddleAreNoLoss) {
  GapAccount account;
  account.begin(0, 1);
  account.take(1);
  account.take(5);
  EXPECT_EQ(account.settle(1).messages, 0U);
}

// After a crash what wasn't judged yet is judged when the next session begins.
TEST(GapAccount, IsSettledOnlyUpToAGapThatIsOpen) {
  GapAccount account;
  account.begin(10, 11);
  account.take(11);
  EXPECT_EQ(account.settled(11), 11U);
  account.take(20);
  EXPECT_EQ(account.settled(20), 11U);
  account.settle(15);
  EXPECT_EQ(account.settled(20), 20U);
}

}  // namespace
}  // namespace nats3::jobs
