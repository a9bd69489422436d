// Verify jobs that make again what is damaged or missing, and only what they can be sure of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/verify/verify_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

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

// The messages after it come without it then, and those before it are no hole.
TEST_F(VerifyRunnerTest, TheLastMessageOfARepairThatIsDeletedMeanwhileIsMissed) {
  constexpr std::uint64_t kPerChunk = 20;  // of 1 MB each: more than is read in a step
  world_.broker.make_stream("S", {.subjects = {"s.>"}});
  for (std::uint64_t i = 0; i < 3 * kPerChunk; ++i) {
    world_.broker.publish("s.a", std::string(1'000'000, 'x'));
  }
  StoreSpec store = store_spec(kPerChunk);
  store.batch.max_bytes = 64 << 20;
  archive_all(world_, store);
  ASSERT_THAT(keys(), SizeIs(3));
  ASSERT_TRUE(world_.bucket()->remove(keys()[1]));
  TestServer server(world_);
  const std::string id = start(server, spec());
  while (world_.broker.open_sources() == 0) {
    server.run_some(1);
  }
  world_.broker.remove_message("S", 2 * kPerChunk);
  server.run_for(30s);
  const VerifyJob job = *server.manager().verify_job(id);
  EXPECT_EQ(job.info.status, Status::kFailure);
  EXPECT_THAT(job.info.last_error, HasSubstr("left it while they were read"));
  EXPECT_THAT(keys(), SizeIs(3)) << "16 MB of it are a chunk that is whole";
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

}  // namespace
}  // namespace nats3::jobs
