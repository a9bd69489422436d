// The bucket of the jobs' records comes back without its latest writes: after a power cut, or from
// a backup.
#include <gtest/gtest.h>

#include <utility>

#include "jobs/manager/record_feed.h"
#include "jobs/simulation/forwarding_key_value_testing.h"
#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

class LostRecordsTest : public ::testing::Test {
 protected:
  LostRecordsTest() {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    world_.broker.make_stream("T", {.subjects = {"t.>"}, .duplicate_window = 100ms});
    run_both(5s);
  }

  void run_both(std::chrono::milliseconds time) { jobs::run_both(world_, server_, other_, time); }
  // Archives what comes meanwhile.
  void archive(int messages) {
    world_.fill("s.a", messages);
    run_both(5s);
  }

  World world_;
  TestServer server_{world_, "a"};
  TestServer other_{world_, "b"};
};

// The job stopped, since the record wasn't at the revision that it expected, and so did each that
// was begun in its place, until nats3 was restarted.
TEST_F(LostRecordsTest, AStoreJobGoesOn) {
  const std::string id = server_.create(store_spec()).info.id;
  archive(5);
  const auto before = world_.records->state();
  archive(5);
  archive(5);
  world_.records->back_to(before);
  world_.fill("s.a", 5);
  run_both(20s);
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
  for (TestServer* each : {&server_, &other_}) {
    EXPECT_EQ(each->store(id).info.status, Status::kRunning);
    EXPECT_EQ(each->store(id).info.last_error, "");
    EXPECT_EQ(each->store(id).progress.messages, 20U);
  }
}

// It had nothing under way when the record was as it is again, so that a load that believed it
// would publish once more what came since, after the target has forgotten the ids.
TEST_F(LostRecordsTest, ALoadPublishesNothingTwice) {
  server_.create(store_spec());
  archive(5);
  LoadSpec polling = load_spec();
  polling.poll_interval = 1s;
  const std::string id = server_.create(polling).info.id;
  archive(5);
  const auto before = world_.records->state();
  archive(5);
  archive(5);
  ASSERT_EQ(world_.payloads("T"), world_.payloads("S"));
  world_.records->back_to(before);
  run_both(30s);
  archive(5);
  EXPECT_EQ(world_.payloads("T"), world_.payloads("S"));
  EXPECT_EQ(server_.load(id).info.status, Status::kRunning);
  EXPECT_EQ(server_.load(id).exactness->kind, Exactness::Kind::kReadBack);
}

TEST_F(LostRecordsTest, ALoadThatHadEndedHasEnded) {
  server_.create(store_spec());
  archive(20);
  auto made = server_.manager().create(load_spec(), Start::kNow);
  ASSERT_TRUE(made);
  const auto before = world_.records->state();
  run_both(5s);
  ASSERT_EQ(world_.payloads("T"), world_.payloads("S"));
  world_.records->back_to(before);
  run_both(30s);
  EXPECT_EQ(world_.payloads("T"), world_.payloads("S"));
  EXPECT_EQ(other_.load(made->info.id).info.status, Status::kSuccess);
}

TEST_F(LostRecordsTest, JobsThatWereMadeSinceEnd) {
  const auto before = world_.records->state();
  server_.create(store_spec());
  archive(5);
  world_.records->back_to(before);
  run_both(20s);
  EXPECT_TRUE(server_.manager().store_jobs()->empty());
  EXPECT_TRUE(other_.manager().store_jobs()->empty());
  const std::string again = other_.create(store_spec()).info.id;
  archive(5);
  EXPECT_EQ(server_.store(again).info.last_error, "");
  EXPECT_EQ(world_.archived("S"), world_.stored("S"));
}

TEST_F(LostRecordsTest, ABucketThatWasMadeAgainHasNoJobs) {
  server_.create(store_spec());
  archive(5);
  world_.records->remake();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(server_.manager().create(load_spec(), Start::kPaused));
  }
  run_both(20s);
  EXPECT_TRUE(other_.manager().store_jobs()->empty());
  EXPECT_EQ(other_.manager().load_jobs()->size(), 3U);
}

// A new leader of the bucket's stream doesn't know all yet.
TEST_F(LostRecordsTest, ABucketThatEndsTooEarlyForAMomentLostNothing) {
  const auto before = world_.records->state();
  const std::string id = server_.create(store_spec()).info.id;
  run_both(5s);
  const auto after = world_.records->state();
  world_.records->back_to(before);
  run_both(2s);
  world_.records->back_to(after);
  archive(5);
  for (TestServer* each : {&server_, &other_}) {
    EXPECT_EQ(each->store(id).info.last_error, "");
    EXPECT_EQ(each->store(id).progress.messages, 5U);
  }
}

// What is written while they are read is left for the next look, as by the real one.
class BusyKeyValue final : public ForwardingKeyValue {
 public:
  using ForwardingKeyValue::ForwardingKeyValue;
  Result<std::vector<nats::KvChange>> changes(const std::string& prefix,
                                              std::uint64_t after) override {
    auto changes = ForwardingKeyValue::changes(prefix, after);
    if (changes && std::exchange(is_written_, false)) {
      changes->pop_back();
    }
    return changes;
  }
  void write_meanwhile() { is_written_ = true; }

 private:
  bool is_written_ = false;
};

// After each outage jobs whose records were written just then were taken for removed, and ended.
TEST_F(LostRecordsTest, AJobThatIsWrittenWhileAllAreReadIsThere) {
  const std::string id = server_.create(store_spec()).info.id;
  run_both(5s);
  TestEnvironment environment(world_, "c");
  JobTables tables(environment.jobs);
  BusyKeyValue kv(environment.kv);
  RecordFeed feed(kv, tables, world_.clock);
  ASSERT_TRUE(feed.sync());
  ASSERT_TRUE(tables.stores.get(id));
  world_.records->set_available(false);
  ASSERT_FALSE(feed.sync());
  world_.records->set_available(true);
  kv.write_meanwhile();
  ASSERT_TRUE(feed.sync());
  EXPECT_TRUE(tables.stores.get(id));
}

}  // namespace
}  // namespace nats3::jobs
