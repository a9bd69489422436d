// Load jobs in trouble: kills, outages, refusals, archives that are not whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/load/load_runner.h"
#include "jobs/load/load_runner_testing.h"
#include "jobs/simulation/forwarding_key_value_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

TEST_F(LoadRunnerTest, GoesOnAfterAKillAtAnyPoint) {
  archive(57);
  replay_killed_at_any_point(payloads("S"));
}

TEST_F(LoadRunnerTest, SendsAgainWhatWasNotAcknowledged) {
  archive(57);
  for (const auto fault : {nats::MemoryBroker::PublishFault::kLoseAck,
                           nats::MemoryBroker::PublishFault::kDisconnect}) {
    world_.broker.delete_stream("T");
    world_.broker.make_stream("T", {.subjects = {"t.>"}});
    world_.broker.fail_publish(20, fault);
    TestServer server(world_);
    const std::string id = server.create(load_spec()).info.id;
    server.run_for(30s);
    EXPECT_EQ(payloads("T"), payloads("S"));
    EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
    EXPECT_EQ(server.load(id).progress.messages, 57);
  }
}

TEST_F(LoadRunnerTest, AMessageTheTargetRefusesEndsTheJobAndIsNamed) {
  archive(57);
  world_.broker.fail_publish(20, nats::MemoryBroker::PublishFault::kRefuseBad);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(3s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("message 20 of 'S'"));
  EXPECT_EQ(server.metrics().loads.failed, 1);
  EXPECT_EQ(server.load(id).progress.messages, 19);
  ASSERT_TRUE(server.manager().resume_load(id));
  server.run_for(3s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_THAT(world_.stored("T"), SizeIs(57));
  EXPECT_EQ(server.load(id).progress.messages, 57) << "each counts once, as it was published once";
}

TEST_F(LoadRunnerTest, SaysThatTheOnlyChunkWasSkipped) {
  archive(10);
  const auto store = *world_.memory->open("bucket", object::IfMissing::kFail);
  const auto listed = store->list({});
  ASSERT_TRUE(listed);
  for (const object::ObjectInfo& object : listed->objects) {
    if (object.key.ends_with(".zst")) {
      ASSERT_TRUE(store->put(object.key, "no chunk"));
      replay_with_damage(object.key, 0);
    }
  }
}

TEST_F(LoadRunnerTest, WaitsForARightThatIsMissing) {
  archive(57);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  world_.faults = object::fail_calls(object::Operation::kGet, 1, 1'000'000,
                                     Error{ErrorCode::kDenied, "check the key"});
  server.run_for(60s);
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("check the key"));
  world_.faults = {};
  server.run_for(30s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

// Refuses to have it on record that a job has ended, while it is told to.
class RefusingKeyValue final : public ForwardingKeyValue {
 public:
  using ForwardingKeyValue::ForwardingKeyValue;
  Result<std::uint64_t> put(const std::string& key, std::string_view value,
                            std::uint64_t expected) override {
    if (refuses && value.find("Success") != value.npos) {
      return fail(ErrorCode::kDenied, "check the user");
    }
    return ForwardingKeyValue::put(key, value, expected);
  }

  bool refuses = true;
};

// It ended here, and was at work for everybody else, until the server was restarted.
TEST_F(LoadRunnerTest, WaitsForTheRightToHaveItOnRecordThatItHasEnded) {
  archive(10);
  TestEnvironment environment(world_, "a");
  ASSERT_TRUE(environment.membership.renew());
  RefusingKeyValue kv(environment.kv);
  LoadRecord record;
  record.job.spec = load_spec();
  record.job.info.id = environment.jobs.make_id();
  const auto keeper = std::make_shared<RecordKeeper<LoadRecord>>(kv, record, std::uint64_t{0});
  const auto runner = std::make_shared<LoadRunner>(environment.jobs, keeper);
  const auto run_for = [&](std::chrono::seconds time) {
    for (auto passed = 0s; passed < time; passed += 1s) {
      world_.clock.advance(1s);
      ASSERT_TRUE(environment.membership.renew());
      while (environment.executor.run_one()) {
      }
    }
  };
  runner->wake();
  run_for(5s);
  EXPECT_THAT(world_.stored("T"), SizeIs(10));
  EXPECT_FALSE(runner->stopped());
  kv.refuses = false;
  run_for(60s);
  EXPECT_TRUE(runner->stopped());
  EXPECT_EQ(keeper->record().job.info.status, Status::kSuccess);
}

// A store job that waits for its disk would take that for it.
TEST_F(LoadRunnerTest, MakesNoBucketNotEvenWhenItPolls) {
  LoadSpec spec = load_spec();
  spec.poll_interval = 5s;
  TestServer server(world_);
  const std::string id = server.create(spec).info.id;
  server.run_for(10s);
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("there is no bucket 'bucket'"));
  EXPECT_FALSE(world_.memory->open("bucket", object::IfMissing::kFail));
  world_.fill("s.a", 25);
  server.create(store_spec());
  server.run_for(60s);
  EXPECT_EQ(server.load(id).info.last_error, "");
  EXPECT_EQ(payloads("T"), payloads("S"));
}

// Which isn't taken for all there is.
TEST_F(LoadRunnerTest, SitsOutADiskThatIsNotMounted) {
  archive(57);
  LoadSpec spec = load_spec();
  spec.poll_interval = 5s;
  auto server = std::make_unique<TestServer>(world_);
  const std::string id = server->create(spec).info.id;
  server->run_for(2s);
  ASSERT_THAT(payloads("T"), SizeIs(57));
  server.reset();
  archive(20);
  const auto own = std::exchange(world_.stores, object::make_memory_provider());
  for (const char* trouble : {"there is no bucket", "this load has read from it"}) {
    server = std::make_unique<TestServer>(world_);
    server->run_for(5s);
    EXPECT_EQ(server->load(id).info.status, Status::kRunning);
    EXPECT_THAT(server->load(id).info.last_error,
                ::testing::AllOf(HasSubstr(trouble), HasSubstr("is its disk mounted")));
    // What is below the mount point.
    ASSERT_TRUE(world_.stores->open("bucket", object::IfMissing::kCreate));
  }
  world_.stores = own;
  server = std::make_unique<TestServer>(world_);
  server->run_for(40s);
  EXPECT_EQ(server->load(id).info.last_error, "");
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(LoadRunnerTest, RidesOutAnOutageOfNats) {
  archive(57);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  world_.set_nats_available(false);
  server.run_for(20s);
  EXPECT_EQ(server.load(id).info.status, Status::kCreated);
  EXPECT_FALSE(server.load(id).info.last_error.empty());
  world_.set_nats_available(true);
  server.run_for(30s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(LoadRunnerTest, RidesOutAnOutageOfTheObjectStore) {
  archive(57);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  world_.faults = object::fail_calls(object::Operation::kGet, 1, 1'000'000);
  server.run_for(20s);
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
  EXPECT_FALSE(server.load(id).info.last_error.empty());
  world_.faults = {};
  server.run_for(30s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(LoadRunnerTest, ADamagedChunkEndsTheJobAndIsNamed) {
  archive(57);
  const std::string key = world_.chunks("S")[3].key;
  world_.flip_a_bit(key);
  replay_with_damage(key, 47);
}

TEST_F(LoadRunnerTest, AMissingChunkEndsTheJobAndIsNamed) {
  archive(57);
  ASSERT_TRUE(world_.bucket()->remove(world_.chunks("S")[3].key));
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("after 30 up to 40"));
}

}  // namespace
}  // namespace nats3::jobs
