#include "jobs/verify/verify_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/verify/verify_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

TEST_F(VerifyRunnerTest, AWholeArchiveEndsInSuccess) {
  archive();
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.progress.messages, 57);
  EXPECT_EQ(job.progress.chunks, 6);
  EXPECT_GT(job.progress.bytes, 0);
  EXPECT_THAT(job.progress.findings, IsEmpty());
}

TEST_F(VerifyRunnerTest, ReadsNoFasterThanItsRate) {
  archive();
  std::uint64_t total = 0;
  for (const auto& [key, bytes] : before_) {
    total += bytes.size();
  }
  VerifySpec slow = spec();
  slow.rate = total / 10;
  TestServer server(world_);
  const std::string id = start(server, slow);
  for (int second = 1; second < 8; ++second) {
    server.run_for(1s);
    const VerifyJob job = *server.manager().verify_job(id);
    EXPECT_EQ(job.info.status, Status::kRunning);
    // A second's burst, and an object that is still to be paid for.
    EXPECT_LE(job.progress.bytes, slow.rate * static_cast<std::uint64_t>(second + 1) + total / 5);
  }
  server.run_for(10s);
  EXPECT_EQ(server.manager().verify_job(id)->info.status, Status::kSuccess);
}

TEST_F(VerifyRunnerTest, ReadsOnlyWhatItsTimesSelect) {
  archive();
  world_.clock.advance(1h);
  VerifySpec late = spec();
  late.from_time = world_.clock.now();
  world_.fill("s.a", 7);
  archive_all(world_, store_spec());
  world_.flip_a_bit(keys()[0]);

  const VerifyJob job = verify(late);
  EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
  EXPECT_EQ(job.progress.chunks, 1);
  EXPECT_EQ(job.progress.messages, 7);
}

TEST_F(VerifyRunnerTest, FindingsAreBoundedAndDamageIsKept) {
  archive();
  world_.flip_a_bit(keys()[5]);
  for (int i = 0; i < 250; ++i) {
    ASSERT_TRUE(world_.bucket()->put(fmt::format("S/{:03}", i), "x"));
    ASSERT_TRUE(world_.bucket()->put(fmt::format("S/x{:03}", i), "x"));
  }
  VerifySpec look = spec();
  look.repair = false;
  const VerifyJob job = verify(look);
  EXPECT_EQ(job.progress.foreign, 500);
  ASSERT_THAT(job.progress.findings, SizeIs(VerifyProgress::kMaxFindings));
  EXPECT_EQ(std::ranges::count(job.progress.findings, keys()[5], &catalog::Finding::key), 1);
}

// A record has to fit into a message of NATS, whatever is in the bucket.
TEST_F(VerifyRunnerTest, LongFindingsFitOnRecord) {
  archive();
  const std::string folder(200, 'x');
  for (int i = 0; i < 150; ++i) {
    ASSERT_TRUE(world_.bucket()->put(
        fmt::format("S/{}/{}/{}/{}/{:03}", folder, folder, folder, folder, i), "x"));
  }
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
  EXPECT_EQ(job.progress.foreign, 150);
  EXPECT_GT(job.progress.findings.size(), 50);
  EXPECT_LT(job.progress.findings.size(), VerifyProgress::kMaxFindings + 1);
  VerifyRecord record;
  record.job = job;
  EXPECT_LT(serialize(record).size(), 200'000);
}

TEST_F(VerifyRunnerTest, NothingArchivedIsRefused) {
  TestServer server(world_);
  EXPECT_THAT(server.manager().create(spec(), Start::kNow).error().message,
              HasSubstr("check the job's bucket"));
  static_cast<void>(world_.bucket());
  EXPECT_THAT(server.manager().create(spec(), Start::kNow).error().message,
              HasSubstr("nothing is archived"));
}

}  // namespace
}  // namespace nats3::jobs
