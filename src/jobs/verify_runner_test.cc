#include "jobs/verify_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/jobs_testing.h"
#include "jobs/sample_jobs_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// A stream "S" whose 57 messages are archived in six chunks, and no job.
class VerifyRunnerTest : public ::testing::Test {
 protected:
  void archive(nats::Retention retention = nats::Retention::kLimits) {
    world_.broker.make_stream("S", {.subjects = {"s.>", "other"}, .retention = retention});
    world_.fill("s.a", 57);
    archive_all(world_, store_spec());
    ASSERT_THAT(keys(), SizeIs(6));
    before_ = contents();
  }

  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& chunk : world_.chunks("S")) {
      keys.push_back(chunk.key);
    }
    return keys;
  }
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& key : keys()) {
      contents[key] = *world_.bucket()->get(key);
    }
    return contents;
  }

  static VerifySpec spec() {
    return {.name = "verify", .bucket = "bucket", .prefix = {}, .stream = "S"};
  }
  static std::string start(TestServer& server, const VerifySpec& spec) {
    auto job = server.manager().create(spec, Start::kNow);
    EXPECT_TRUE(job) << job.error().message;
    return job ? job->info.id : "";
  }
  VerifyJob verify(const VerifySpec& spec) {
    TestServer server(world_);
    const std::string id = start(server, spec);
    server.run_for(30s);
    EXPECT_EQ(world_.broker.open_sources(), 0);
    return *server.manager().verify_job(id);
  }

  World world_;
  std::map<std::string, std::string> before_;
};

TEST_F(VerifyRunnerTest, AWholeArchiveEndsInSuccess) {
  archive();
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.progress.messages, 57);
  EXPECT_EQ(job.progress.chunks, 6);
  EXPECT_GT(job.progress.bytes, 0);
  EXPECT_THAT(job.progress.findings, IsEmpty());
}

TEST_F(VerifyRunnerTest, ADamagedChunkIsMadeAgainToTheByte) {
  archive();
  const auto damages = std::vector<std::function<void(const std::string&)>>{
      [&](const std::string& key) { world_.flip_a_bit(key); },
      [&](const std::string& key) { ASSERT_TRUE(world_.bucket()->put(key, "")); },
      [&](const std::string& key) { ASSERT_TRUE(world_.bucket()->put(key, before_[keys()[0]])); },
  };
  for (const auto& damage : damages) {
    for (const std::size_t at : {0U, 3U, 5U}) {
      damage(keys()[at]);
      const VerifyJob job = verify(spec());
      EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
      EXPECT_EQ(job.progress.damaged, job.progress.repaired);
      EXPECT_EQ(contents(), before_);
    }
  }
}

TEST_F(VerifyRunnerTest, AMissingChunkIsMadeAgain) {
  archive();
  const std::string key = keys()[3];
  ASSERT_TRUE(world_.bucket()->remove(key));
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
  ASSERT_THAT(job.progress.findings, SizeIs(1));
  EXPECT_EQ(job.progress.findings[0].kind, catalog::FindingKind::kMissing);
  EXPECT_TRUE(job.progress.findings[0].repaired);
  EXPECT_EQ(contents(), before_);
}

TEST_F(VerifyRunnerTest, WhatTheStreamHasNoMoreIsNamedAndLeftAlone) {
  archive();
  world_.flip_a_bit(keys()[1]);
  const auto damaged = contents();
  world_.broker.remove_message("S", 15);
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kFailure);
  EXPECT_THAT(job.info.last_error, HasSubstr(keys()[1]));
  EXPECT_THAT(job.info.last_error, HasSubstr("9 messages"));
  EXPECT_EQ(job.progress.repaired, 0);
  EXPECT_EQ(contents(), damaged);
  world_.broker.purge_below("S", 30);
  EXPECT_THAT(verify(spec()).info.last_error, HasSubstr("begins at 30"));
  EXPECT_EQ(contents(), damaged);
}

// What was deleted may have been archived: a chunk with fewer messages would hide that.
TEST_F(VerifyRunnerTest, AMissingChunkIsNotMadeOfWhatIsLeft) {
  archive();
  ASSERT_TRUE(world_.bucket()->remove(keys()[3]));
  world_.broker.remove_message("S", 35);
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kFailure);
  EXPECT_THAT(job.info.last_error, HasSubstr("deleted"));
  EXPECT_THAT(keys(), SizeIs(5));
}

TEST_F(VerifyRunnerTest, AnotherLifeOfTheStreamRepairsNothing) {
  archive();
  world_.flip_a_bit(keys()[1]);
  ASSERT_TRUE(world_.bucket()->remove(keys()[3]));
  const auto damaged = contents();
  world_.broker.delete_stream("S");
  world_.clock.advance(1h);
  world_.broker.make_stream("S", {.subjects = {"s.>"}});
  world_.fill("s.a", 57);
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kFailure);
  EXPECT_EQ(job.progress.damaged, 2);
  EXPECT_EQ(job.progress.repaired, 0);
  EXPECT_EQ(contents(), damaged);
}

TEST_F(VerifyRunnerTest, WorkQueuesAndGoneStreamsCantRepair) {
  archive(nats::Retention::kWorkQueue);
  world_.flip_a_bit(keys()[1]);
  EXPECT_THAT(verify(spec()).info.last_error, HasSubstr("acknowledged"));
  world_.broker.delete_stream("S");
  EXPECT_THAT(verify(spec()).info.last_error, HasSubstr("can't be read"));
}

TEST_F(VerifyRunnerTest, RepairsOnlyWhenItMay) {
  archive();
  world_.flip_a_bit(keys()[1]);
  const auto damaged = contents();
  VerifySpec look = spec();
  look.repair = false;
  EXPECT_EQ(verify(look).info.status, Status::kFailure);
  EXPECT_EQ(contents(), damaged);
}

TEST_F(VerifyRunnerTest, AResumeAfterAFailureIsANewRound) {
  archive();
  world_.flip_a_bit(keys()[1]);
  VerifySpec look = spec();
  look.repair = false;
  TestServer server(world_);
  const std::string id = start(server, look);
  server.run_for(5s);
  ASSERT_EQ(server.manager().verify_job(id)->info.status, Status::kFailure);
  ASSERT_TRUE(world_.bucket()->put(keys()[1], before_[keys()[1]]));
  ASSERT_TRUE(server.manager().resume_verify(id));
  server.run_for(5s);
  const VerifyJob job = *server.manager().verify_job(id);
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.progress.messages, 57);
  EXPECT_EQ(job.progress.damaged, 0);
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

TEST_F(VerifyRunnerTest, GoesOnAfterAKillAtAnyPoint) {
  archive();
  for (int tasks = 0; tasks < 40; ++tasks) {
    world_.flip_a_bit(keys()[1]);
    ASSERT_TRUE(world_.bucket()->remove(keys()[3]));
    auto server = std::make_unique<TestServer>(world_);
    VerifySpec slow = spec();
    slow.rate = 2'000;
    const std::string id = start(*server, slow);
    server->run_some(tasks);
    server->run_for(std::chrono::milliseconds{100 * tasks});
    server.reset();
    TestServer second(world_);
    second.run_for(30s);
    const VerifyJob job = *second.manager().verify_job(id);
    EXPECT_EQ(job.info.status, Status::kSuccess) << tasks << ": " << job.info.last_error;
    EXPECT_EQ(contents(), before_) << tasks;
    EXPECT_EQ(job.progress.damaged, 2) << tasks;  // told even if it was repaired before the kill
    EXPECT_EQ(job.progress.repaired, 2) << tasks;
  }
}

TEST_F(VerifyRunnerTest, GoesOnWhereItWasPaused) {
  archive();
  VerifySpec slow = spec();
  slow.rate = 500;
  TestServer server(world_);
  const std::string id = start(server, slow);
  while (server.manager().verify_job(id)->progress.chunks < 3) {
    server.run_for(100ms);
  }
  server.run_during([&] { EXPECT_TRUE(server.manager().pause_verify(id)); });
  world_.flip_a_bit(keys()[0]);  // which was read
  ASSERT_TRUE(server.manager().resume_verify(id));
  server.run_for(60s);
  const VerifyJob job = *server.manager().verify_job(id);
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.progress.chunks, 6);
  EXPECT_EQ(job.progress.messages, 57);
}

TEST_F(VerifyRunnerTest, WhatWasPutBackMeanwhileIsNotReplaced) {
  archive();
  const std::string key = keys()[1];
  world_.flip_a_bit(key);
  int puts = 0;
  world_.faults = [&](const object::Call& call) {
    if (call.operation == object::Operation::kHead && call.key == key) {
      EXPECT_TRUE(world_.bucket()->put(key, before_[key]));
    }
    puts += call.operation == object::Operation::kPut ? 1 : 0;
    return object::Fault{};
  };
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kSuccess);
  ASSERT_THAT(job.progress.findings, SizeIs(1));
  EXPECT_THAT(job.progress.findings[0].detail, HasSubstr("put back meanwhile"));
  EXPECT_EQ(puts, 0);
}

// Somebody has moved a chunk over another one: it is the only copy of its messages.
TEST_F(VerifyRunnerTest, AMisplacedChunkIsNotReplacedBeforeItIsWhereItBelongs) {
  archive();
  const auto names = keys();
  ASSERT_TRUE(world_.bucket()->put(names[1], before_[names[4]]));
  ASSERT_TRUE(world_.bucket()->remove(names[4]));
  world_.broker.remove_message("S", 45);  // it can't be made again either
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kFailure);
  EXPECT_THAT(job.info.last_error, HasSubstr("move it there first"));
  EXPECT_EQ(*world_.bucket()->get(names[1]), before_[names[4]]);
  ASSERT_TRUE(world_.bucket()->put(names[4], before_[names[4]]));
  EXPECT_EQ(verify(spec()).info.status, Status::kSuccess);
  EXPECT_EQ(contents(), before_);
}

// Without its header a chunk doesn't tell what came before it: made again, it mustn't hide a loss.
TEST_F(VerifyRunnerTest, AChunkWithoutAHeaderDoesntHideAMissingOne) {
  archive();
  const auto names = keys();
  ASSERT_TRUE(world_.bucket()->remove(names[2]));
  ASSERT_TRUE(world_.bucket()->put(names[3], ""));
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kFailure);
  EXPECT_THAT(job.info.last_error, HasSubstr("a chunk may be missing before it"));
  EXPECT_EQ(*world_.bucket()->get(names[3]), "");
}

TEST_F(VerifyRunnerTest, WhatCantBeToldOfAChunkWithoutAHeaderIsSaid) {
  archive();
  const auto names = keys();
  ASSERT_TRUE(world_.bucket()->remove(names[0]));
  ASSERT_TRUE(world_.bucket()->put(names[1], ""));
  world_.broker.purge_below("S", 11);
  const VerifyJob job = verify(spec());
  EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
  ASSERT_THAT(job.progress.findings, SizeIs(1));
  EXPECT_THAT(job.progress.findings[0].detail,
              HasSubstr("whether any of the messages 1 to 10 were archived before it can't be"));
}

// At whatever moment a message goes: no chunk is made without it.
class DeletionTest : public VerifyRunnerTest, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(AtAnyMoment, DeletionTest, ::testing::Range(0, 40));

TEST_P(DeletionTest, AMessageThatIsDeletedDuringARepairIsNotForgotten) {
  archive();
  ASSERT_TRUE(world_.bucket()->remove(keys()[3]));
  TestServer server(world_);
  const std::string id = start(server, spec());
  server.run_some(GetParam());
  world_.broker.remove_message("S", 35);
  server.run_for(30s);
  const VerifyJob job = *server.manager().verify_job(id);
  if (job.info.status == Status::kSuccess) {
    EXPECT_EQ(contents(), before_);
  } else {
    EXPECT_EQ(job.info.status, Status::kFailure);
    EXPECT_THAT(keys(), SizeIs(5));
  }
}

TEST_F(VerifyRunnerTest, AChunkThatWasMissingMakesAnIndexUntrue) {
  archive();
  const auto names = keys();
  const std::string index = names[0].substr(0, names[0].rfind('/') + 1) + "index.bin";
  ASSERT_TRUE(world_.bucket()->put(index, "hint"));
  world_.flip_a_bit(names[1]);
  EXPECT_EQ(verify(spec()).info.status, Status::kSuccess);
  EXPECT_TRUE(world_.bucket()->head(index));  // the same chunk under the same key
  ASSERT_TRUE(world_.bucket()->remove(names[3]));
  EXPECT_EQ(verify(spec()).info.status, Status::kSuccess);
  EXPECT_FALSE(world_.bucket()->head(index));
}

TEST_F(VerifyRunnerTest, TroubleIsWaitedForAndIsNoDamage) {
  archive();
  world_.flip_a_bit(keys()[1]);
  world_.faults = object::random_faults(3, 0.2, 0.1);
  TestServer server(world_);
  const auto made = server.manager().create(spec(), Start::kNow);
  const std::string id = made ? made->info.id : start(server, spec());
  server.run_for(300s);
  world_.faults = {};
  const VerifyJob job = *server.manager().verify_job(id);
  EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
  EXPECT_EQ(job.progress.messages, 47);
  EXPECT_EQ(contents(), before_);
}

TEST_F(VerifyRunnerTest, NatsAwayDuringARepairIsWaitedFor) {
  archive();
  std::uint64_t retries = 0;
  for (int tasks = 0; tasks < 40; ++tasks) {
    world_.flip_a_bit(keys()[1]);
    TestServer server(world_);
    const std::string id = start(server, spec());
    server.run_some(tasks);
    world_.broker.set_available(false);
    server.run_for(2s);
    world_.broker.set_available(true);
    server.run_for(30s);
    const VerifyJob job = *server.manager().verify_job(id);
    EXPECT_EQ(job.info.status, Status::kSuccess) << tasks;
    EXPECT_EQ(job.progress.repaired, 1) << tasks;
    EXPECT_EQ(contents(), before_) << tasks;
    retries += server.metrics().retries;
  }
  EXPECT_GT(retries, 0);
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

TEST(VerifyRecord, IsReadAsItWasWritten) {
  VerifyRecord record;
  record.job.info.id = "00000000-0000-4000-8000-000000000001";
  record.job.spec = {
      .name = "v", .bucket = "bucket", .prefix = "p", .stream = "S", .rate = 7, .repair = false};
  record.job.progress = {.messages = 1,
                         .bytes = 2,
                         .chunks = 3,
                         .damaged = 4,
                         .repaired = 5,
                         .overlaps = 6,
                         .gaps = 7,
                         .foreign = 8,
                         .last_key = "k",
                         .findings = {{.key = "k",
                                       .kind = catalog::FindingKind::kLyingIndex,
                                       .detail = "d",
                                       .cause = "c",
                                       .repaired = true}},
                         .rate = 9};
  record.fence = 3;
  record.position = {.key = "S/a%2Fb/\xff", .reached = 5, .reaching = {"a", "b"}};
  record.repairing = record.job.progress.findings;
  const auto read = parse_verify_record(serialize(record));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->job.spec, record.job.spec);
  EXPECT_EQ(read->job.progress, record.job.progress);
  EXPECT_EQ(read->position, record.position);
  EXPECT_EQ(read->repairing, record.repairing);
  EXPECT_EQ(read->fence, 3);
  EXPECT_FALSE(parse_verify_record(R"({"version": 1})"));
}

}  // namespace
}  // namespace nats3::jobs
