#include "jobs/manager/job_entry.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {
namespace {

// Does nothing but stop when it is told to, or not even that.
class FakeRunner {
 public:
  static inline int made = 0;
  static inline bool obeys = true;
  static inline FakeRunner* last = nullptr;

  FakeRunner(const JobEnvironment& /*environment*/,
             std::shared_ptr<RecordKeeper<StoreRecord>> keeper)
      : keeper_(std::move(keeper)) {
    ++made;
    last = this;
  }
  void wake() {}
  void tell(const std::string& /*asks*/) {}
  [[nodiscard]] StoreJob job() const { return keeper_->record().job; }
  [[nodiscard]] bool stopped() const { return stopped_; }
  void request_stop(Stop /*how*/) { stopped_ = stopped_ || obeys; }
  [[nodiscard]] bool wait_stopped(std::chrono::milliseconds /*timeout*/) const { return stopped_; }
  static void let_stop(const std::shared_ptr<FakeRunner>& runner) { runner->stop(); }
  void stop() { stopped_ = true; }
  // Puts something on record; a conflict ends it, as it does a job.
  void update() {
    stopped_ = !keeper_->update([](StoreRecord& record) { record.fence += 1; });
  }
  void fail() {
    EXPECT_TRUE(
        keeper_->update([](StoreRecord& record) { record.job.info.status = Status::kFailure; }));
    stop();
  }

 private:
  std::shared_ptr<RecordKeeper<StoreRecord>> keeper_;
  bool stopped_ = false;
};

using Entry = JobEntry<FakeRunner, StoreRecord>;

class JobEntryTest : public testing::Test {
 protected:
  JobEntryTest() {
    FakeRunner::made = 0;
    FakeRunner::obeys = true;
    EXPECT_EQ(entry_->put_on_record({}), Made::kHere);
    entry_->start();
  }

  static StoreRecord record() {
    StoreRecord record;
    record.job.spec = store_spec();
    record.job.info.id = "the-id";
    record.job.info.status = Status::kRunning;
    record.job.info.server = "us";
    return record;
  }
  StoreRecord on_record() {
    auto record = parse_store_record(kv_.get(key_)->value);
    EXPECT_TRUE(record);
    return record ? *record : StoreRecord{};
  }
  void wait_a_second() {
    world_.clock.advance(std::chrono::seconds{1});
    while (environment_.executor.run_one()) {
    }
  }

  const std::string key_ = record_key(JobKind::kStore, "the-id");
  World world_;
  TestEnvironment environment_{world_, "us"};
  nats::KeyValue& kv_ = environment_.kv;
  std::shared_ptr<Entry> entry_ = std::make_shared<Entry>(environment_.jobs, record(), 0);
};

TEST_F(JobEntryTest, APauseIsOnRecordAndAResumeBeginsAnew) {
  EXPECT_TRUE(entry_->running());
  ASSERT_TRUE(entry_->pause());
  EXPECT_FALSE(entry_->running());
  EXPECT_EQ(on_record().job.info.status, Status::kPaused);
  EXPECT_EQ(on_record().job.info.server, "");

  ASSERT_TRUE(entry_->resume());
  EXPECT_TRUE(entry_->running());
  EXPECT_EQ(on_record().job.info.status, Status::kRunning);
  EXPECT_EQ(on_record().job.info.server, "us");
  EXPECT_EQ(FakeRunner::made, 2);
}

TEST_F(JobEntryTest, APauseThatIsNotOnRecordIsNone) {
  world_.records->set_available(false);
  EXPECT_EQ(entry_->pause().error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(entry_->running());
}

TEST_F(JobEntryTest, WhatCannotStopInTimeGoesOnOnceItHas) {
  FakeRunner::obeys = false;
  EXPECT_EQ(entry_->pause().error().code, ErrorCode::kUnavailable);
  wait_a_second();
  EXPECT_EQ(FakeRunner::made, 1);
  FakeRunner::last->stop();
  wait_a_second();
  EXPECT_EQ(FakeRunner::made, 2);
  EXPECT_TRUE(entry_->running());
}

TEST_F(JobEntryTest, WhatEndsAfterPausesThatFailedStaysSo) {
  FakeRunner::obeys = false;
  EXPECT_FALSE(entry_->pause());
  EXPECT_FALSE(entry_->pause());
  FakeRunner::last->stop();
  wait_a_second();
  ASSERT_EQ(FakeRunner::made, 2);
  FakeRunner::last->fail();
  wait_a_second();
  wait_a_second();
  EXPECT_EQ(FakeRunner::made, 2);
  EXPECT_EQ(on_record().job.info.status, Status::kFailure);
}

TEST_F(JobEntryTest, WhatEndsWhileItIsAskedToPauseStaysSo) {
  FakeRunner::obeys = false;
  EXPECT_FALSE(entry_->pause());
  FakeRunner::last->fail();
  wait_a_second();
  EXPECT_EQ(FakeRunner::made, 1);
}

TEST_F(JobEntryTest, ARemovedJobDoesNotComeBack) {
  FakeRunner::obeys = false;
  EXPECT_FALSE(entry_->pause());
  FakeRunner::last->stop();
  ASSERT_TRUE(entry_->remove());
  wait_a_second();
  entry_->claim();
  entry_->start();
  EXPECT_FALSE(entry_->running());
  EXPECT_EQ(FakeRunner::made, 1);
  EXPECT_FALSE(kv_.get(key_));
}

TEST_F(JobEntryTest, WhoWaitedForARemovalIsToldSo) {
  ASSERT_TRUE(entry_->remove());
  EXPECT_EQ(entry_->pause().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(entry_->resume().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(entry_->remove().error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(kv_.get(key_));
}

TEST_F(JobEntryTest, AJobThatCannotBeTakenOffTheRecordGoesOn) {
  world_.records->set_available(false);
  EXPECT_EQ(entry_->remove().error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(entry_->running());
  world_.records->set_available(true);
  EXPECT_TRUE(entry_->remove());
}

TEST_F(JobEntryTest, AReleasedJobIsLeftToOthersWhenItHasStopped) {
  FakeRunner::obeys = false;
  entry_->release();
  entry_->settle();
  EXPECT_EQ(on_record().job.info.server, "us");
  FakeRunner::last->stop();
  entry_->settle();
  EXPECT_EQ(on_record().job.info.server, "");
  EXPECT_EQ(on_record().job.info.status, Status::kRunning);
}

TEST_F(JobEntryTest, AnotherServersRecordTakesTheJobAway) {
  StoreRecord theirs = on_record();
  theirs.job.info.server = "them";
  const auto revision = kv_.put(key_, serialize(theirs), kv_.get(key_)->revision);
  ASSERT_TRUE(revision);
  entry_->apply(theirs, *revision);
  EXPECT_FALSE(entry_->running());
  EXPECT_EQ(entry_->snapshot().info.server, "them");
}

TEST_F(JobEntryTest, ItsOwnRecordComingLateChangesNothing) {
  entry_->apply(on_record(), kv_.get(key_)->revision);
  StoreRecord later = on_record();
  later.fence = 1;
  const auto revision = kv_.put(key_, serialize(later), kv_.get(key_)->revision);
  ASSERT_TRUE(revision);
  entry_->apply(later, *revision);
  EXPECT_TRUE(entry_->running());
  EXPECT_EQ(FakeRunner::made, 1);
}

// It was written before the runner gave up waiting for an answer, and got there after the runner
// had looked. Nobody read the record again, so that each next runner lost the job as well.
TEST_F(JobEntryTest, AWriteOfItsOwnThatComesLateIsTakenIn) {
  FakeRunner::last->update();
  StoreRecord late = on_record();
  late.archived = 7;
  const auto revision = kv_.put(key_, serialize(late), kv_.get(key_)->revision);
  ASSERT_TRUE(revision);
  entry_->apply(late, *revision);
  EXPECT_TRUE(entry_->running());
  FakeRunner::last->update();
  ASSERT_FALSE(entry_->running());
  entry_->claim();
  ASSERT_TRUE(entry_->running());
  FakeRunner::last->update();
  EXPECT_TRUE(entry_->running());
  EXPECT_EQ(FakeRunner::made, 2);
  EXPECT_EQ(on_record().archived, 7U);
}

TEST_F(JobEntryTest, AJobThatIsAnotherServersByNowIsNotBegun) {
  StoreRecord theirs = on_record();
  theirs.job.info.server = "them";
  ASSERT_TRUE(kv_.put(key_, serialize(theirs), kv_.get(key_)->revision));
  FakeRunner::last->update();
  ASSERT_FALSE(entry_->running());
  entry_->claim();
  EXPECT_FALSE(entry_->running());
  EXPECT_EQ(entry_->snapshot().info.server, "them");
}

TEST_F(JobEntryTest, AJobThatIsAnotherServersByNowIsNotPausedHere) {
  StoreRecord theirs = on_record();
  theirs.job.info.server = "them";
  ASSERT_TRUE(kv_.put(key_, serialize(theirs), kv_.get(key_)->revision));
  FakeRunner::last->update();
  EXPECT_EQ(entry_->pause().error().code, ErrorCode::kConflict);
  EXPECT_EQ(entry_->snapshot().info.server, "them");
  EXPECT_EQ(on_record().job.info.status, Status::kRunning);
}

TEST_F(JobEntryTest, WhatTheBucketForgotOfItsOwnIsPutBack) {
  const auto before = world_.records->state();
  ASSERT_TRUE(entry_->pause());
  world_.records->back_to(before);
  EXPECT_EQ(on_record().job.info.status, Status::kRunning);
  entry_->apply(on_record(), kv_.get(key_)->revision);
  EXPECT_EQ(on_record().job.info.status, Status::kPaused);
  EXPECT_EQ(entry_->snapshot().info.status, Status::kPaused);
  EXPECT_FALSE(entry_->running());
}

TEST_F(JobEntryTest, WhatCannotBePutBackAtOnceIsPutBackLater) {
  const auto before = world_.records->state();
  ASSERT_TRUE(entry_->pause());
  world_.records->back_to(before);
  const auto there = kv_.get(key_);
  world_.records->lose_write(1);
  entry_->apply(*parse_store_record(there->value), there->revision);
  EXPECT_EQ(on_record().job.info.status, Status::kRunning);
  entry_->settle();
  EXPECT_EQ(on_record().job.info.status, Status::kPaused);
}

// A bucket that lost writes gives their revisions to others.
TEST_F(JobEntryTest, AnotherRecordOfTheSameRevisionIsTakenIn) {
  const auto before = world_.records->state();
  for (const char* server : {"them", "others"}) {
    world_.records->back_to(before);
    StoreRecord theirs = on_record();
    theirs.job.info.server = server;
    const auto revision = kv_.put(key_, serialize(theirs), kv_.get(key_)->revision);
    ASSERT_EQ(revision, 2U);
    entry_->apply(theirs, *revision);
    EXPECT_EQ(entry_->snapshot().info.server, server);
  }
}

TEST_F(JobEntryTest, ANewJobWhoseAnswerWasLostIsOnRecordOnce) {
  StoreRecord other = record();
  other.job.info.id = "other-id";
  world_.records->lose_answer(1);
  EXPECT_EQ(Entry(environment_.jobs, other, 0).put_on_record(std::chrono::seconds{10}),
            Made::kHere);
  other.job.info.id = "third-id";
  world_.records->lose_write(1);
  EXPECT_EQ(Entry(environment_.jobs, other, 0).put_on_record(std::chrono::seconds{10}),
            Made::kHere);
}

// Its maker lost sight of NATS for so long that another server has begun with it.
TEST_F(JobEntryTest, ANewJobThatAnotherServerHasTakenIsMade) {
  StoreRecord other = record();
  other.job.info.id = "other-id";
  Entry made(environment_.jobs, other, 0);
  world_.records->lose_answer(1);
  EXPECT_EQ(made.put_on_record({}).error().code, ErrorCode::kUnavailable);
  const std::string key = record_key(JobKind::kStore, "other-id");
  other.job.info.server = "them";
  ASSERT_TRUE(kv_.put(key, serialize(other), kv_.get(key)->revision));
  EXPECT_EQ(made.put_on_record({}), Made::kTakenOver);
}

}  // namespace
}  // namespace nats3::jobs
