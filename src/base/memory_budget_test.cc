#include "base/memory_budget.h"

#include <gtest/gtest.h>

namespace nats3 {
namespace {

TEST(MemoryBudgetTest, CountsWhatAllHoldTogether) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.has_room());
  MemoryBudget::Share one(budget);
  one.hold(60);
  EXPECT_TRUE(budget.has_room());
  {
    MemoryBudget::Share other(budget);
    other.hold(90);
    EXPECT_FALSE(budget.has_room());
    EXPECT_EQ(budget.held(), 150U);
    other.hold(39);
    EXPECT_TRUE(budget.has_room());
  }
  EXPECT_EQ(budget.held(), 60U);
  one.hold(100);
  EXPECT_FALSE(budget.has_room());
}

}  // namespace
}  // namespace nats3
