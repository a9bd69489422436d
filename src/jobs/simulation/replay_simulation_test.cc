// Loads under random trouble, in virtual time: servers are killed between any two tasks or go on
// after they lost the job, answers are lost, what a dead server had published arrives late, and the
// target remembers message ids for a moment only. Whatever happens, in the end the target has every
// message once and in order.
//
// A failure names its seed; NATS3_SIMULATION_SEED=N runs just that one, NATS3_SIMULATION_RUNS more.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"
#include "jobs/simulation/seeds_testing.h"
#include "nats/headers.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;
using Fault = nats::MemoryBroker::PublishFault;

struct Setting {
  std::chrono::nanoseconds duplicate_window = 100ms;  // less than it takes to go on
  bool strict = false;
  bool message_ids = true;
  bool zombies = false;    // servers that lost the job may go on
  bool very_late = false;  // publishes of dead servers may arrive after the duplicate window
  bool foreign = false;    // others publish into the target
  std::size_t max_messages = 0;
  std::size_t max_per_subject = 0;
  bool discard_new = false;
  bool replicated = false;  // its leader may lose what is on the way to it
};

class ReplaySimulation {
 public:
  ReplaySimulation(std::uint32_t seed, const Setting& setting) : random_(seed), setting_(setting) {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    world_.broker.make_stream("T", {.subjects = {"t.>"},
                                    .duplicate_window = setting.duplicate_window,
                                    .max_messages = setting.max_messages,
                                    .max_per_subject = setting.max_per_subject,
                                    .replicated = setting.replicated,
                                    .discard_new = setting.discard_new});
    archive();
  }

  void run() {
    server_ = std::make_unique<TestServer>(world_);
    const std::string id = server_
                               ->create(LoadSpec{.name = "load",
                                                 .bucket = "bucket",
                                                 .read_stream = "S",
                                                 .read_subject = "s.>",
                                                 .write_subject = "t.{{subject}}",
                                                 .strict = setting_.strict,
                                                 .message_ids = setting_.message_ids})
                               .info.id;
    for (int i = 0; i < 40; ++i) {
      disturb();
      pass_time();
      drain_target();
    }
    heal();
    // Of two servers either may have won the job; a last one takes it over from both.
    zombie_.reset();
    server_.reset();
    server_ = std::make_unique<TestServer>(world_);
    for (int i = 0; i < (setting_.discard_new ? 400 : 60); ++i) {
      server_->run_for(1s);
      drain_target();
    }
    EXPECT_EQ(server_->load(id).info.status, Status::kSuccess) << server_->load(id).info.last_error;
    check();
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  void archive() {
    const int messages = pick(1, 120);
    for (int i = 0; i < messages; ++i) {
      world_.fill(fmt::format("s.{}", pick(1, 4)), 1);
    }
    TestServer server(world_);
    server.create(store_spec(7));
    server.run_for(3s);
    ASSERT_EQ(world_.archived("S"), world_.stored("S"));
  }

  void disturb() {
    nats::MemoryBroker& broker = world_.broker;
    switch (pick(0, 13)) {
      case 0:
      case 1:
      case 2:
        zombie_ = setting_.zombies && pick(0, 1) == 0 ? std::move(server_) : nullptr;
        server_.reset();
        server_ = std::make_unique<TestServer>(world_);
        return;
      case 3:
      case 4:
        return broker.hold_publishes(true);
      case 5:
        return broker.hold_publishes(false);
      case 6: {
        const bool up = pick(0, 2) != 0;
        if (!up) {
          arrive_in_time();
        }
        return broker.set_available(up);
      }
      case 7:
        return world_.records->set_available(pick(0, 2) != 0);
      case 8:
        return world_.records->lose_answer(static_cast<std::size_t>(pick(1, 4)));
      case 9:
        return broker.fail_publish(static_cast<std::size_t>(pick(1, 30)),
                                   setting_.replicated ? Fault::kRefuse
                                   : pick(0, 1) == 0   ? Fault::kLoseAck
                                                       : Fault::kDisconnect);
      case 10:
        world_.faults = object::random_faults(random_(), 0.3, 0.2);
        return;
      case 11:
        return broker.hold_acks(pick(0, 1) == 0);
      default:
        return heal();
    }
  }

  void pass_time() {
    for (int i = pick(0, 6); i > 0; --i) {
      server_->run_some(pick(0, 6));
      if (zombie_) {
        zombie_->run_some(pick(0, 6));
      }
      world_.broker.deliver_publishes(static_cast<std::size_t>(pick(0, 10)));
      arrive_late(pick(0, 10));
      publish_foreign();
    }
    arrive_in_time();
    world_.clock.advance(std::chrono::milliseconds{pick(0, 1) == 0 ? pick(0, 30) : pick(0, 2'000)});
  }

  // Nothing is on its way for as long as the duplicate window.
  void arrive_in_time() {
    if (!setting_.very_late) {
      world_.broker.deliver_publishes(1'000);
      arrive_late(1'000);
    }
  }

  void arrive_late(int count) {
    world_.broker.deliver_late_publishes(static_cast<std::size_t>(count));
  }

  void publish_foreign() {
    if (setting_.foreign && pick(0, 3) == 0) {
      world_.broker.publish("t.foreign", "foreign");
    }
  }

  void heal() {
    world_.broker.set_available(true);
    world_.broker.hold_acks(false);
    world_.broker.hold_publishes(false);
    arrive_late(1'000);
    world_.records->set_available(true);
    world_.faults = {};
    if (zombie_) {
      zombie_->run_for(20s);  // it finds out, and writes nothing more that counts
    }
  }

  // Makes room in a target that refuses what it has no room for.
  void drain_target() {
    if (!setting_.discard_new) {
      return;
    }
    note_stored();
    const auto stored = world_.stored("T");
    if (!stored.empty() && pick(0, 2) == 0) {
      world_.broker.purge_below("T",
                                stored.rbegin()->first - static_cast<std::uint64_t>(pick(0, 3)));
    }
  }

  void note_stored() {
    for (const auto& owned : world_.broker.messages("T")) {
      const archive::Message& message = owned.message();
      if (message.payload != "foreign") {
        seen_[message.sequence] = {std::string(message.subject), std::string(message.payload)};
      }
    }
  }

  void check() {
    note_stored();
    std::vector<std::pair<std::string, std::string>> expected;
    const auto source = world_.broker.messages("S");
    for (const auto& owned : source) {
      expected.emplace_back(fmt::format("t.{}", owned.message().subject), owned.message().payload);
    }
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [sequence, message] : seen_) {
      found.push_back(message);
    }
    if (setting_.max_per_subject > 0 && !setting_.discard_new) {
      std::erase_if(expected, [&, left = counts(expected)](const auto& message) mutable {
        return left[message.first]-- > setting_.max_per_subject;
      });
    }
    if (setting_.foreign && setting_.replicated) {  // only the order isn't kept then
      std::ranges::sort(found);
      std::ranges::sort(expected);
    }
    EXPECT_EQ(found.size(), expected.size());
    EXPECT_TRUE(found == expected) << "another order, or other messages";
  }

  static std::map<std::string, std::size_t> counts(
      const std::vector<std::pair<std::string, std::string>>& messages) {
    std::map<std::string, std::size_t> counted;
    for (const auto& [subject, payload] : messages) {
      ++counted[subject];
    }
    return counted;
  }

  std::mt19937 random_;
  const Setting setting_;
  World world_;
  std::map<std::uint64_t, std::pair<std::string, std::string>> seen_;  // by sequence in T
  std::unique_ptr<TestServer> zombie_;
  std::unique_ptr<TestServer> server_;
};

void run_all(const Setting& setting) {
  for_each_seed([&](std::uint32_t seed) { ReplaySimulation(seed, setting).run(); });
}

TEST(ReplaySimulation, AKilledLoadGoesOnAfterTheDuplicateWindow) { run_all({}); }

TEST(ReplaySimulation, StrictStopsServersThatWakeUpAfterTheDuplicateWindow) {
  run_all({.strict = true, .zombies = true, .very_late = true});
}

TEST(ReplaySimulation, WithoutMessageIdsExpectedSequencesStopThem) {
  run_all({.strict = true, .message_ids = false, .zombies = true, .very_late = true});
}

TEST(ReplaySimulation, WithinTheDuplicateWindowIdsStopServersThatGoOn) {
  run_all({.duplicate_window = 24h, .zombies = true, .very_late = true});
}

TEST(ReplaySimulation, OthersMayPublishIntoTheTarget) { run_all({.foreign = true}); }

TEST(ReplaySimulation, OthersAndServersThatGoOn) {
  run_all({.duplicate_window = 24h, .zombies = true, .very_late = true, .foreign = true});
}

TEST(ReplaySimulation, ATargetThatKeepsTheLastOfEachSubject) { run_all({.max_per_subject = 3}); }

TEST(ReplaySimulation, ATargetWhoseLeaderLosesMessagesKeepsTheOrder) {
  run_all({.replicated = true});
}

TEST(ReplaySimulation, StrictStopsServersThatWakeUpWhereTheTargetHasReplicas) {
  run_all({.strict = true, .zombies = true, .very_late = true, .replicated = true});
}

TEST(ReplaySimulation, OthersMayPublishIntoATargetWithReplicas) {
  run_all({.foreign = true, .replicated = true});
}

TEST(ReplaySimulation, AFullTargetKeepsTheOrder) {
  run_all({.duplicate_window = 24h, .max_messages = 15, .discard_new = true});
}

TEST(ReplaySimulation, ATargetThatRefusesMoreOfASubjectKeepsTheOrder) {
  run_all({.duplicate_window = 24h, .max_per_subject = 3, .discard_new = true});
}

}  // namespace
}  // namespace nats3::jobs
