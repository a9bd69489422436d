#include "object/budgeted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/memory/memory_store.h"

namespace nats3::object {
namespace {

using ::testing::HasSubstr;

class BudgetedTest : public ::testing::Test {
 protected:
  std::shared_ptr<ObjectStore> make(std::size_t requests) {
    return make_budgeted(inner_,
                         {.requests = requests, .time = std::chrono::seconds{60}, .clock = &clock_},
                         stop_.get_token());
  }

  ManualClock clock_;
  std::stop_source stop_;
  std::shared_ptr<ObjectStore> inner_ = *make_memory_provider()->open("bucket", IfMissing::kCreate);
};

TEST_F(BudgetedTest, EveryCallIsARequest) {
  const auto store = make(5);
  EXPECT_TRUE(store->put("key", "bytes"));
  EXPECT_EQ(store->get("key"), "bytes");
  EXPECT_TRUE(store->head("key"));
  EXPECT_EQ(store->list({})->objects.size(), 1U);
  EXPECT_TRUE(store->remove("key"));
  const auto list = store->list({});
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(list.error().message, HasSubstr("more than 5 requests"));
  EXPECT_EQ(store->put("key", "bytes").error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(inner_->head("key"));
}

TEST_F(BudgetedTest, NothingIsAskedAfterItsTime) {
  const auto store = make(5);
  clock_.advance(std::chrono::seconds{59});
  EXPECT_TRUE(store->list({}));
  clock_.advance(std::chrono::seconds{1});
  EXPECT_EQ(store->list({}).error().code, ErrorCode::kUnavailable);
}

TEST_F(BudgetedTest, NothingIsAskedAfterAStop) {
  const auto store = make(5);
  EXPECT_TRUE(store->list({}));
  stop_.request_stop();
  EXPECT_EQ(store->list({}).error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace nats3::object
