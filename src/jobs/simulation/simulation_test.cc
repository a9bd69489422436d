// Store and load jobs under random trouble, in virtual time: servers are killed between any two
// tasks, NATS and the object store come and go, answers are lost, deliveries drop. Whatever
// happens, in the end every message is in the bucket once, and in the target once and in order.
//
// A failure names its seed; NATS3_SIMULATION_SEED=N runs just that one, NATS3_SIMULATION_RUNS more.
#include <gtest/gtest.h>

#include <random>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"
#include "jobs/simulation/seeds_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

class Simulation {
 public:
  Simulation(std::uint32_t seed, nats::Retention retention) : random_(seed) {
    world_.broker.make_stream("S", {.subjects = {"s.>"}, .retention = retention});
    world_.broker.make_stream("T", {.subjects = {"t.>"}, .duplicate_window = 24h});
  }

  // A work queue whose messages go once they are archived, and a load that polls meanwhile. Servers
  // are killed for good: two at once would share the queue's consumer.
  void move_queue() {
    zombies_ = false;
    start();
    server_->create(store_spec(7));
    LoadSpec polling = load_spec();
    polling.poll_interval = 500ms;
    server_->create(polling);
    for (int i = 0; i < 60; ++i) {
      disturb();
      world_.fill("s.a", pick(0, 3) == 0 ? pick(1, 20) : 0);
      pass_time();
    }
    heal();
    server_->run_for(60s);
    EXPECT_TRUE(world_.stored("S").empty());
    std::multimap<std::uint64_t, std::string> expected;
    for (int i = 1; i <= world_.published; ++i) {
      expected.emplace(i, fmt::format("payload {}", i));
    }
    EXPECT_EQ(world_.stored("T").size(), expected.size());
    EXPECT_TRUE(world_.stored("T") == expected) << "another order, or other messages";
  }

  void archive() {
    world_.fill("s.a", pick(0, 40));
    start();
    server_->create(store_spec(7));
    for (int i = 0; i < 60; ++i) {
      disturb();
      world_.fill("s.a", pick(0, 3) == 0 ? pick(1, 20) : 0);
      pass_time();
    }
    heal();
    // Of two servers either may have won the job; a last one takes it over from both.
    zombie_.reset();
    server_.reset();
    start();
    server_->run_for(60s);
    EXPECT_EQ(world_.archived("S"), world_.stored("S"));
    const StoreJob job = server_->manager().store_jobs()->front();
    EXPECT_EQ(job.info.status, Status::kRunning) << job.info.last_error;
    EXPECT_EQ(job.progress.messages, world_.stored("S").size());
    EXPECT_EQ(job.progress.lag, 0);
  }

  // Without servers that go on after they lost their job: what they publish keeps no order yet.
  void replay() {
    zombies_ = false;
    zombie_.reset();
    use_up_faults();
    server_->create(load_spec());
    for (int i = 0; i < 30; ++i) {
      disturb();
      if (pick(0, 4) == 0) {
        world_.broker.fail_publish(static_cast<std::size_t>(pick(1, 30)),
                                   pick(0, 1) == 0 ? nats::MemoryBroker::PublishFault::kLoseAck
                                                   : nats::MemoryBroker::PublishFault::kDisconnect);
      }
      pass_time();
    }
    heal();
    // Of the faults made up above some are still to come, each with its pause.
    server_->run_for(600s);
    EXPECT_EQ(world_.stored("T"), world_.stored("S"));
    const LoadJob job = server_->manager().load_jobs()->front();
    EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
    EXPECT_EQ(job.progress.messages, world_.stored("S").size());
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  // A new server takes over; the one before is dead, or doesn't know yet that it isn't wanted.
  void start() {
    zombie_ = zombies_ && pick(0, 2) == 0 ? std::move(server_) : nullptr;
    server_.reset();
    server_ = std::make_unique<TestServer>(world_);
  }

  void disturb() {
    switch (pick(0, 11)) {
      case 0:
      case 1:
        return start();
      case 2:
        return world_.broker.lose_sources();
      case 3:
        return world_.broker.drop_next_delivery();
      case 4:
        world_.broker.set_available(pick(0, 1) == 0);
        return;
      case 5:
        world_.records->set_available(pick(0, 1) == 0);
        return;
      case 6:
        return world_.records->lose_answer(static_cast<std::size_t>(pick(1, 4)));
      case 7:
        return world_.records->lose_write(static_cast<std::size_t>(pick(1, 4)));
      case 8:
        world_.faults = object::random_faults(random_(), 0.3, 0.2);
        return;
      case 9:
        return heal();
      default:
        return;
    }
  }

  void pass_time() {
    server_->run_some(pick(0, 12));
    if (zombie_) {
      zombie_->run_some(pick(0, 12));
    }
    world_.clock.advance(std::chrono::milliseconds{pick(0, 2'000)});
    if (pick(0, 1) == 0) {
      server_->run();
    }
  }

  // Those that are still to come would make it unknown whether the next job was made.
  void use_up_faults() {
    nats::MemoryKeyValue kv(world_.records);
    for (int i = 0; i < 10; ++i) {
      static_cast<void>(kv.put(fmt::format("other.{}", i), "", 0));
    }
  }

  void heal() {
    world_.set_nats_available(true);
    world_.faults = {};
    if (zombie_) {
      zombie_->run_for(60s);  // it finds out, and writes nothing
    }
  }

  std::mt19937 random_;
  bool zombies_ = true;
  World world_;
  std::unique_ptr<TestServer> zombie_;
  std::unique_ptr<TestServer> server_;
};

TEST(Simulation, NothingIsLostOrDoubledWhateverHappens) {
  for_each_seed([](std::uint32_t seed) {
    Simulation simulation(seed, nats::Retention::kLimits);
    simulation.archive();
    simulation.replay();
  });
}

TEST(Simulation, AWorkQueueIsMovedWholeAndInOrder) {
  for_each_seed(
      [](std::uint32_t seed) { Simulation(seed, nats::Retention::kWorkQueue).move_queue(); });
}

}  // namespace
}  // namespace nats3::jobs
