#include "jobs/load/read_ahead.h"

#include <gtest/gtest.h>

#include <vector>

namespace nats3::jobs {
namespace {

class ReadAheadTest : public ::testing::Test {
 protected:
  // What reads give, one after the other; after the last, the end.
  void gives(Result<std::optional<catalog::ReadBatch>> read) { reads_.push_back(std::move(read)); }
  void gives_batch(const std::string& epoch, std::size_t bytes) {
    catalog::ReadBatch batch;
    batch.epoch = epoch;
    batch.bytes = bytes;
    gives(std::move(batch));
  }

  std::string take() {
    const auto batch = ahead_->take();
    return batch ? batch->epoch : "";
  }

  ManualExecutor tasks_;
  MemoryBudget memory_{2 * ReadAhead::kBytes};
  std::deque<Result<std::optional<catalog::ReadBatch>>> reads_;
  int begun_ = 0;
  int told_ = 0;
  std::shared_ptr<ReadAhead> ahead_ = std::make_shared<ReadAhead>(
      [this]() -> Result<std::optional<catalog::ReadBatch>> {
        ++begun_;
        if (reads_.empty()) {
          return std::nullopt;
        }
        auto read = std::move(reads_.front());
        reads_.pop_front();
        return read;
      },
      tasks_, memory_, [this] { ++told_; });
};

TEST_F(ReadAheadTest, GivesWhatWasReadInOrderUntilTheEnd) {
  gives_batch("a", 1);
  gives_batch("b", 1);
  EXPECT_EQ(take(), "");
  for (int i = 0; i < 3; ++i) {
    ahead_->start();
    tasks_.run_ready();
  }
  EXPECT_FALSE(ahead_->done());
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "");
  EXPECT_TRUE(ahead_->done());
  ahead_->start();
  tasks_.run_ready();
  EXPECT_EQ(begun_, 3) << "read after the end";
  EXPECT_EQ(told_, 3);
}

TEST_F(ReadAheadTest, HasOneReadUnderWay) {
  gives_batch("a", 1);
  gives_batch("b", 1);
  ahead_->start();
  ahead_->start();
  EXPECT_FALSE(ahead_->idle());
  EXPECT_EQ(tasks_.run_ready(), 1U);
  EXPECT_TRUE(ahead_->idle());
}

TEST_F(ReadAheadTest, WaitsForRoomAndGoesOnWhenABatchIsTaken) {
  gives_batch("a", ReadAhead::kBytes - 1);
  gives_batch("b", 1);
  gives_batch("c", 1);
  for (int i = 0; i < 3; ++i) {
    ahead_->start();
    tasks_.run_ready();
  }
  EXPECT_EQ(begun_, 2);
  EXPECT_EQ(take(), "a");
  tasks_.run_ready();
  EXPECT_EQ(begun_, 3);
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "c");
}

TEST_F(ReadAheadTest, ReadsOneBatchAtATimeWhileOthersHoldAllMemory) {
  gives_batch("a", 1);
  gives_batch("b", 1);
  MemoryBudget::Share others(memory_);
  others.hold(2 * ReadAhead::kBytes);
  for (int i = 0; i < 2; ++i) {
    ahead_->start();
    tasks_.run_ready();
  }
  EXPECT_EQ(begun_, 1);
  EXPECT_EQ(take(), "a");
  tasks_.run_ready();
  EXPECT_EQ(begun_, 2);
  others.hold(0);
  EXPECT_EQ(memory_.held(), 1) << "b";
  ahead_->abandon();
  EXPECT_EQ(memory_.held(), 0);
}

TEST_F(ReadAheadTest, TellsAnErrorOnlyAfterWhatWasReadBeforeIt) {
  gives_batch("a", 1);
  gives(fail(ErrorCode::kCorrupt, "chunk x is damaged"));
  gives_batch("never", 1);
  for (int i = 0; i < 3; ++i) {
    ahead_->start();
    tasks_.run_ready();
  }
  EXPECT_FALSE(ahead_->error());
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "");
  ASSERT_TRUE(ahead_->error());
  EXPECT_EQ(ahead_->error()->message, "chunk x is damaged");
  EXPECT_FALSE(ahead_->done());
  EXPECT_EQ(begun_, 2) << "read after an error";
}

TEST_F(ReadAheadTest, KeepsNothingOfAReadThatEndsAfterItWasAbandoned) {
  gives_batch("a", 1);
  gives_batch("b", 1);
  ahead_->start();
  ahead_->abandon();
  EXPECT_FALSE(ahead_->idle());
  tasks_.run_ready();
  EXPECT_TRUE(ahead_->idle());
  EXPECT_EQ(told_, 1) << "nobody would notice that it is idle";
  EXPECT_EQ(take(), "");
  ahead_->start();
  EXPECT_TRUE(ahead_->idle());
}

TEST_F(ReadAheadTest, LetsGoOfTheReaderWhenItIsAbandoned) {
  for (const bool under_way : {false, true}) {
    auto reader = std::make_shared<int>();
    const std::weak_ptr<int> seen = reader;
    const auto ahead = std::make_shared<ReadAhead>(
        [reader = std::move(reader)]() -> Result<std::optional<catalog::ReadBatch>> {
          return std::nullopt;
        },
        tasks_, memory_, [] {});
    if (under_way) {
      ahead->start();
    }
    ahead->abandon();
    tasks_.run_ready();
    EXPECT_TRUE(seen.expired()) << under_way;
  }
}

}  // namespace
}  // namespace nats3::jobs
