// Servers that share store jobs under random trouble, in virtual time: they come, are killed, and
// stand still for longer than their lease; NATS and the object store come and go, and NATS loses
// the latest writes to the jobs' records. Whatever happens, in the end every message is in the
// bucket once, every job has one holder, and all hold as many.
//
// A failure names its seed; NATS3_SIMULATION_SEED=N runs just that one, NATS3_SIMULATION_RUNS more.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <utility>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"
#include "jobs/simulation/seeds_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

constexpr int kJobs = 7;
constexpr std::size_t kServers = 3;

class SharedSimulation {
 public:
  explicit SharedSimulation(std::uint32_t seed) : random_(seed) {
    for (int i = 0; i < kJobs; ++i) {
      world_.broker.make_stream(stream(i), {.subjects = {subject(i)}});
    }
    while (servers_.size() < kServers) {
      start();
    }
    run_all(5s);
    for (int i = 0; i < kJobs; ++i) {
      StoreSpec spec = store_spec(7);
      spec.stream = stream(i);
      spec.subject = subject(i);
      servers_.front().server->create(spec);
    }
  }

  void run() {
    for (int i = 0; i < 80; ++i) {
      disturb();
      if (pick(0, 2) == 0) {
        world_.fill(subject(pick(0, kJobs - 1)), pick(1, 20));
      }
      pass_time(std::chrono::milliseconds{pick(0, 3'000)});
    }
    heal();
    run_all(60s);
    for (int i = 0; i < kJobs; ++i) {
      EXPECT_EQ(world_.archived(stream(i)), world_.stored(stream(i))) << stream(i);
    }
    check_shares();
  }

 private:
  struct Member {
    std::unique_ptr<TestServer> server;
    MonotonicTime frozen_until;
  };

  static std::string stream(int i) { return fmt::format("S{}", i); }
  static std::string subject(int i) { return fmt::format("s{}.a", i); }
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  void start() {
    servers_.push_back(
        {std::make_unique<TestServer>(world_, fmt::format("server-{}", ++started_)), {}});
  }

  Member& any() { return servers_[static_cast<std::size_t>(pick(0, kServers - 1))]; }

  void disturb() {
    switch (pick(0, 11)) {
      case 0: {  // a kill; another server comes
        const int victim = pick(0, kServers - 1);
        servers_.erase(servers_.begin() + victim);
        return start();
      }
      case 1:
      case 2:
        any().frozen_until = world_.clock.monotonic() + std::chrono::milliseconds{pick(1, 20'000)};
        return;
      case 3:
        return world_.broker.lose_sources();
      case 4: {
        const bool up = pick(0, 1) == 0;
        world_.set_nats_available(up);
        world_.leases->set_available(up);
        return;
      }
      case 5:
        return world_.records->lose_answer(static_cast<std::size_t>(pick(1, 4)));
      case 6:
        return world_.leases->lose_answer(static_cast<std::size_t>(pick(1, 4)));
      case 7:
        world_.faults = object::random_faults(random_(), 0.3, 0.2);
        return;
      case 8:
        records_ = world_.records->state();
        return;
      case 9:
        return cut_power();
      default:
        return heal();
    }
  }

  // The jobs' records lose their latest writes.
  void cut_power() {
    if (records_) {
      world_.set_nats_available(false);
      world_.records->back_to(*std::exchange(records_, std::nullopt));
      pass_time(6s);
      heal();
    }
  }

  void heal() {
    world_.set_nats_available(true);
    world_.leases->set_available(true);
    world_.faults = {};
  }

  // Lets the servers that don't stand still do some or all of what is due.
  void pass_time(std::chrono::milliseconds time) {
    for (auto passed = 0ms; passed < time; passed += 250ms) {
      world_.clock.advance(250ms);
      for (Member& member : servers_) {
        if (world_.clock.monotonic() >= member.frozen_until) {
          pick(0, 3) == 0 ? member.server->run_some(pick(0, 12)) : member.server->run();
        }
      }
    }
  }

  void run_all(std::chrono::milliseconds time) {
    for (Member& member : servers_) {
      member.frozen_until = {};
    }
    for (auto passed = 0ms; passed < time; passed += 50ms) {
      world_.clock.advance(50ms);
      for (Member& member : servers_) {
        member.server->run();
      }
    }
  }

  void check_shares() {
    std::map<std::string, int> shares;
    for (const Member& member : servers_) {
      shares[member.server->id()] = 0;
    }
    const auto jobs = servers_.front().server->manager().store_jobs();
    ASSERT_TRUE(jobs) << jobs.error().message;
    for (const StoreJob& job : *jobs) {
      EXPECT_EQ(job.info.status, Status::kRunning) << job.info.last_error;
      EXPECT_TRUE(shares.contains(job.info.server)) << job.info.server;
      ++shares[job.info.server];
    }
    for (const auto& [server, share] : shares) {
      EXPECT_GE(share, kJobs / static_cast<int>(kServers)) << server;
      EXPECT_LE(share, kJobs / static_cast<int>(kServers) + 1) << server;
    }
  }

  std::mt19937 random_;
  World world_;
  std::optional<nats::MemoryBucket::State> records_;  // as they were a while ago
  std::vector<Member> servers_;
  int started_ = 0;
};

TEST(SharedSimulation, EveryMessageOnceAndEveryJobOnOneServer) {
  for_each_seed([](std::uint32_t seed) { SharedSimulation(seed).run(); });
}

}  // namespace
}  // namespace nats3::jobs
