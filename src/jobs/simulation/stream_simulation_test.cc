// A stream that loses messages, a consumer that others read too, an archive that loses chunks,
// under random trouble, in virtual time: one server or two are killed and freeze, NATS and the
// object store come and go, messages are purged, deleted and passed over, the stream's server comes
// back without its latest ones; chunks are pruned, or deleted by the load that polls.
// Whatever happens, in the end each message that was left to be archived is, the target has what
// was archived once and in order, and the jobs say so.
//
// Each seed chooses what happens. What docs/limits.md excepts doesn't, or is judged by what it
// says.
//
// A failure names its seed; NATS3_SIMULATION_SEED=N runs just that one, NATS3_SIMULATION_RUNS more.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "catalog/prune.h"
#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"
#include "jobs/simulation/seeds_testing.h"
#include "jobs/store/adoption.h"
#include "jobs/store/store_consumer.h"
#include "nats/headers.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

enum class Kind { kLimits, kLimitsWithConsumer, kWorkQueue, kInterest };

// What a seed chooses.
struct Setting {
  bool two_servers = false;
  bool purges = false;
  bool loses_latest = false;  // the stream
  bool passes_over = false;   // the consumer
  bool others_read = false;   // the same consumer
  bool prunes = false;
  bool deletes = false;  // the load, what it replayed
  bool skips = false;    // the load, what is damaged
};

// A message that was published, and what became of it.
struct Published {
  std::uint64_t sequence = 0;
  bool excepted = false;  // nobody promises to archive it
  bool removed = false;   // from the stream, by others than the job
  bool purged = false;    // likewise, with all before it
  bool lost = false;      // the stream's server came back without it
  bool pruned = false;    // it was archived
};

class StreamSimulation {
 public:
  StreamSimulation(std::uint32_t seed, Kind kind) : random_(seed), kind_(kind) {
    choose();
    const nats::Retention retention = kind == Kind::kWorkQueue  ? nats::Retention::kWorkQueue
                                      : kind == Kind::kInterest ? nats::Retention::kInterest
                                                                : nats::Retention::kLimits;
    world_.broker.make_stream("S", {.subjects = {"s.>"}, .retention = retention});
    world_.broker.make_stream("T", {.subjects = {"t.>"}, .duplicate_window = 24h});
    spec_ = store_spec(static_cast<std::uint64_t>(pick(1, 9)));
    if (kind == Kind::kLimitsWithConsumer) {
      spec_.consumer = connector_consumer(spec_.subject);
    }
  }

  void run() {
    start_jobs();
    for (int i = 0; i < 60; ++i) {
      disturb();
      if (pick(0, 2) == 0) {
        publish(pick(1, 20));
      }
      pass_time(std::chrono::milliseconds{pick(0, 3'000)});
      if (setting_.others_read && pick(0, 3) == 0) {
        read_as_another();
      }
    }
    heal();
    other_.reset();
    run_all(200s);
    judge_messages();
    judge_order();
    judge_jobs();
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool maybe() { return pick(0, 1) == 0; }
  [[nodiscard]] bool with_acks() const { return kind_ != Kind::kLimits; }

  void choose() {
    setting_.two_servers = maybe();
    setting_.purges = maybe();
    setting_.loses_latest = maybe();
    // limits.md, "Purges under nats-server before 2.9.12": noticed of work queues. (The twin has no
    // watch for plain sources, as the real one does.)
    setting_.passes_over = maybe() && kind_ == Kind::kWorkQueue;
    setting_.others_read = maybe() && with_acks();
    setting_.prunes = maybe();
    setting_.deletes = maybe();
    setting_.skips = maybe();
    if (setting_.loses_latest) {
      // limits.md, "When a new epoch begins": what comes late may be replayed twice.
      setting_.others_read = false;
      setting_.passes_over = false;
    }
  }

  void start_jobs() {
    for (int i = 0; i < (setting_.two_servers ? 2 : 1); ++i) {
      start(i);
    }
    run_all(5s);
    store_ = servers_[0]->create(spec_).info.id;
    LoadSpec polling = load_spec();
    polling.poll_interval = 500ms;
    polling.delete_chunks = setting_.deletes;
    polling.on_corrupt = setting_.skips ? OnCorrupt::kSkip : OnCorrupt::kFail;
    load_ = servers_[0]->create(polling).info.id;
  }

  void start(int i) {
    servers_[i].reset();
    servers_[i] = std::make_unique<TestServer>(world_, fmt::format("server-{}", i));
  }

  int any_server() { return setting_.two_servers ? pick(0, 1) : 0; }

  void publish(int count) {
    for (int i = 0; i < count; ++i) {
      world_.clock.advance(1us);  // no two messages have one time
      const std::string name = payload(published_.size() + 1);
      const std::uint64_t sequence = world_.broker.publish("s.a", name);
      const auto stored = world_.stored("S");
      const bool is_there = !stored.empty() && stored.rbegin()->second == name;
      // limits.md, "A nats-server that lost its latest messages": what its consumer is past.
      const bool is_passed = kind_ != Kind::kWorkQueue && with_acks() && sequence <= passed_;
      published_.push_back({.sequence = sequence, .excepted = !is_there || is_passed});
    }
  }

  static std::string payload(std::size_t number) { return fmt::format("payload {}", number); }
  Published& of(const std::string& payload) {
    return published_.at(std::stoul(payload.substr(payload.find(' '))) - 1);
  }

  // Holds what it takes, until it is gone.
  void read_as_another() {
    if (!other_) {
      auto opened = world_.broker.open_source({.stream = "S",
                                               .filter_subject = spec_.subject,
                                               .consumer = connector_consumer(spec_.subject),
                                               .explicit_ack = true,
                                               .ack_wait = kAckWait});
      if (!opened) {
        return;
      }
      other_ = std::move(*opened);
    }
    const auto got =
        other_->fetch({.max_messages = static_cast<std::size_t>(pick(1, 5)), .max_bytes = 1 << 20});
    if (!got || pick(0, 3) == 0) {
      other_.reset();
    }
  }

  void disturb() {
    switch (pick(0, 17)) {
      case 0:
        return start(any_server());
      case 1:
        frozen_until_[setting_.two_servers ? pick(0, 1) : 1] =
            world_.clock.monotonic() + std::chrono::milliseconds{pick(1, 20'000)};
        return;
      case 2:
        return world_.broker.lose_sources();
      case 3:
        return world_.broker.drop_next_delivery();
      case 4:
        return world_.broker.set_available(maybe());
      case 5:
        return world_.records->set_available(maybe());
      case 6:
        return world_.records->lose_answer(static_cast<std::size_t>(pick(1, 4)));
      case 7:
        return world_.records->lose_write(static_cast<std::size_t>(pick(1, 4)));
      case 8:
        world_.faults = object::random_faults(random_(), 0.3, 0.3);
        return;
      case 9:
        return purge();
      case 10:
        return lose_latest();
      case 11:
        return pass_over();
      case 12:
        return prune();
      case 13:
        return publish(pick(1, 30));
      default:
        return heal();
    }
  }

  void purge() {
    const auto stored = world_.stored("S");
    if (!setting_.purges || stored.empty()) {
      return;
    }
    const auto chosen = std::next(stored.begin(), pick(0, static_cast<int>(stored.size()) - 1));
    of(chosen->second).removed = true;
    if (pick(0, 2) != 0) {
      return world_.broker.remove_message("S", chosen->first);
    }
    for (auto it = stored.begin(); it->first <= chosen->first; ++it) {
      of(it->second).removed = true;
      of(it->second).purged = true;
      if (it == chosen) {
        break;
      }
    }
    world_.broker.purge_below("S", chosen->first + 1);
  }

  void lose_latest() {
    const auto info = world_.broker.stream_info("S");
    if (!setting_.loses_latest || !info || info->last_sequence <= 5) {
      return;
    }
    world_.clock.advance(1us);
    losses_ += 1;
    const std::uint64_t last = info->last_sequence - static_cast<std::uint64_t>(pick(1, 5));
    for (Published& message : published_) {
      message.lost = message.lost || message.sequence > last;
    }
    const auto position = world_.broker.consumer_position("S", connector_consumer(spec_.subject));
    passed_ = position ? std::max(passed_, position->delivered) : passed_;
    world_.broker.forget_above("S", last);
    world_.broker.lose_sources();
  }

  void pass_over() {
    if (setting_.passes_over) {
      world_.broker.pass_over("S");
    }
  }

  void prune() {
    if (!setting_.prunes) {
      return;
    }
    const auto before = world_.archived("S");
    const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "S");
    static_cast<void>(catalog::prune(*catalog,
                                     world_.clock.now() - std::chrono::seconds{pick(0, 20)},
                                     static_cast<std::size_t>(pick(1, 4))));
    const auto after = world_.archived("S");
    for (const auto& [sequence, payload] : before) {
      of(payload).pruned = of(payload).pruned || copies(after, payload) == 0;
    }
  }

  static std::size_t copies(const std::multimap<std::uint64_t, std::string>& messages,
                            const std::string& payload) {
    return static_cast<std::size_t>(
        std::ranges::count(messages, payload, [](const auto& entry) { return entry.second; }));
  }

  // Lets the servers that don't stand still do some or all of what is due.
  void pass_time(std::chrono::milliseconds time) {
    for (auto passed = 0ms; passed <= time; passed += 250ms) {
      world_.clock.advance(250ms);
      for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (servers_[i] && world_.clock.monotonic() >= frozen_until_[i]) {
          pick(0, 2) == 0 ? servers_[i]->run_some(pick(0, 12)) : servers_[i]->run();
        }
      }
    }
  }

  void run_all(std::chrono::milliseconds time) {
    frozen_until_ = {};
    for (auto passed = 0ms; passed < time; passed += 250ms) {
      world_.clock.advance(250ms);
      for (const auto& server : servers_) {
        if (server) {
          server->run();
        }
      }
    }
  }

  void heal() {
    world_.set_nats_available(true);
    world_.faults = {};
  }

  void judge_messages() {
    const auto archived = world_.archived("S");
    const auto replayed = world_.stored("T");
    for (std::size_t i = 0; i < published_.size(); ++i) {
      const Published& message = published_[i];
      const std::string name = payload(i + 1);
      const std::size_t in_bucket = copies(archived, name);
      const std::size_t in_target = copies(replayed, name);
      const bool was_archived = in_bucket > 0 || in_target > 0 || message.pruned;
      const bool was_left = !message.removed && !message.lost && !message.excepted;
      SCOPED_TRACE(fmt::format("{}, sequence {}", name, message.sequence));
      EXPECT_TRUE(was_archived || !was_left) << "it isn't archived";
      // limits.md, "When a new epoch begins": one before it may have waited, passed over, since the
      // stream lost its latest messages before.
      EXPECT_LE(in_target, kind_ == Kind::kWorkQueue && losses_ > 1 ? 2U : 1U);
      EXPECT_TRUE(in_target >= 1 || !was_archived || message.pruned) << "it isn't replayed";
      // limits.md, "Work-queue and interest streams": the bucket may hold some twice.
      EXPECT_TRUE(in_bucket <= 1 || with_acks()) << "it is archived twice";
      // What was purged before the job's first session wasn't its to see.
      unseen_ += message.purged && !was_archived && last_archived_ > 0 ? 1 : 0;
      any_removed_ = any_removed_ || message.removed || message.lost;
      if (message.excepted) {
        last_excepted_ = std::max(last_excepted_, message.sequence);
      }
      if (was_archived && !message.lost) {
        last_archived_ = std::max(last_archived_, message.sequence);
      }
    }
    if (kind_ == Kind::kWorkQueue || kind_ == Kind::kInterest) {
      EXPECT_EQ(world_.stored("S").size(), 0U) << "they are archived";
    }
  }

  // The message id tells epoch and sequence.
  void judge_order() {
    std::pair<std::string, std::uint64_t> last;
    for (const auto& owned : world_.broker.messages("T")) {
      const std::string id(nats::find_header(owned.message().headers, "Nats-Msg-Id"));
      const std::size_t end = id.rfind(':');
      std::pair<std::string, std::uint64_t> place{id.substr(0, end),
                                                  std::stoull(id.substr(end + 1))};
      ASSERT_LT(last, place) << "out of order";
      last = std::move(place);
    }
  }

  void judge_jobs() {
    const StoreJob store = servers_[0]->store(store_);
    EXPECT_EQ(store.info.status, Status::kRunning);
    EXPECT_EQ(store.info.last_error, "");
    EXPECT_EQ(store.progress.lag, 0U);
    // What was acknowledged, and deleted before the job had it on record, isn't known to it.
    EXPECT_LE(store.progress.last_sequence, std::max(last_archived_, last_excepted_));
    EXPECT_TRUE(with_acks() || store.progress.last_sequence == last_archived_)
        << store.progress.last_sequence << " is told, and " << last_archived_ << " is archived";
    if (kind_ == Kind::kLimits && !setting_.loses_latest) {
      EXPECT_GE(store.progress.unseen, unseen_);
    }
    EXPECT_TRUE(any_removed_ || store.progress.unseen == 0);
    const LoadJob load = servers_[0]->load(load_);
    EXPECT_EQ(load.info.status, Status::kRunning);
    EXPECT_EQ(load.info.last_error, "");
    EXPECT_LE(load.progress.messages, world_.stored("T").size());
    // A killed server may have published what is pruned when the next one would count it.
    EXPECT_TRUE(setting_.prunes || load.progress.messages == world_.stored("T").size())
        << load.progress.messages << " are told, and the target has " << world_.stored("T").size();
  }

  std::mt19937 random_;
  const Kind kind_;
  Setting setting_;
  World world_;
  StoreSpec spec_;
  std::string store_;
  std::string load_;
  std::array<std::unique_ptr<TestServer>, 2> servers_;
  std::array<MonotonicTime, 2> frozen_until_;
  std::unique_ptr<nats::Source> other_;
  std::vector<Published> published_;  // payloads from 1 on
  int losses_ = 0;                    // of the stream's latest messages
  std::uint64_t passed_ = 0;          // up to where a consumer was when messages were lost
  std::uint64_t unseen_ = 0;
  std::uint64_t last_archived_ = 0;
  std::uint64_t last_excepted_ = 0;
  bool any_removed_ = false;
};

void run_all(Kind kind) {
  for_each_seed([kind](std::uint32_t seed) { StreamSimulation(seed, kind).run(); }, 15);
}

TEST(StreamSimulation, ALimitsStream) { run_all(Kind::kLimits); }

TEST(StreamSimulation, ALimitsStreamWithAConsumer) { run_all(Kind::kLimitsWithConsumer); }

TEST(StreamSimulation, AWorkQueue) { run_all(Kind::kWorkQueue); }

TEST(StreamSimulation, AnInterestStream) { run_all(Kind::kInterest); }

}  // namespace
}  // namespace nats3::jobs
