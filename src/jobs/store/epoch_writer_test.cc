// Jobs that write the description of one epoch at the same time, in every order of their steps.
#include "jobs/store/epoch_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <climits>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "jobs/simulation/forwarding_key_value_testing.h"
#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"
#include "jobs/simulation/seeds_testing.h"
#include "jobs/store/epoch_resolver.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Pair;
using ::testing::SizeIs;

// Threads of which one runs at a time, each time up to its next step. Which one is drawn.
class Turns {
 public:
  explicit Turns(std::mt19937& random) : random_(random) {}

  // Until all have returned.
  void run(const std::vector<std::function<void()>>& all) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < all.size(); ++i) {
      waiting_.push_back(i);
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
      threads.emplace_back([this, i, &all] {
        wait_for_turn(i);
        all[i]();
        const std::lock_guard lock(mutex_);
        std::erase(waiting_, i);
        draw();
      });
    }
    {
      const std::lock_guard lock(mutex_);
      draw();
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }

  // The thread whose turn it is has come to its next step.
  void step() {
    std::size_t self = 0;
    {
      const std::lock_guard lock(mutex_);
      self = turn_;
      draw();
    }
    wait_for_turn(self);
  }

 private:
  static constexpr std::size_t kNobody = SIZE_MAX;

  void draw() {
    turn_ = waiting_.empty() ? kNobody : waiting_[random_() % waiting_.size()];
    changed_.notify_all();
  }
  void wait_for_turn(std::size_t self) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == self; });
  }

  std::mt19937& random_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> waiting_;
  std::size_t turn_ = kNobody;
};

// Calls `step` before each call, which fails when that says so.
class SteppedKeyValue final : public ForwardingKeyValue {
 public:
  SteppedKeyValue(nats::KeyValue& inner, std::function<Result<void>()> step)
      : ForwardingKeyValue(inner), step_(std::move(step)) {}

  Result<nats::KvEntry> get(const std::string& key) override {
    return step_().and_then([&] { return ForwardingKeyValue::get(key); });
  }
  Result<std::uint64_t> put(const std::string& key, std::string_view value,
                            std::uint64_t expected) override {
    return step_().and_then([&] { return ForwardingKeyValue::put(key, value, expected); });
  }

 private:
  const std::function<Result<void>()> step_;
};

JobEnvironment with_records(const JobEnvironment& jobs, nats::KeyValue& kv) {
  return {.broker = jobs.broker,
          .kv = kv,
          .stores = jobs.stores,
          .steps = jobs.steps,
          .tasks = jobs.tasks,
          .encoders = jobs.encoders,
          .control = jobs.control,
          .waits = jobs.waits,
          .lease = jobs.lease,
          .server = jobs.server,
          .metrics = jobs.metrics,
          .store_memory = jobs.store_memory,
          .load_memory = jobs.load_memory};
}

constexpr std::array kSubjects{"s.a", "s.b", "s.c"};

StoreSpec spec_of(const std::string& subject) {
  StoreSpec spec = store_spec();
  spec.subject = subject;
  return spec;
}

// A stream with a job for each subject, that has lost its latest messages and has got others, when
// no server has seen it yet.
void lose_latest_messages(World& world) {
  world.broker.make_stream("S", {.subjects = {"s.>"}});
  const auto fill = [&] {
    for (const char* subject : kSubjects) {
      world.fill(subject, 2);
    }
  };
  fill();
  {
    TestServer server(world);
    for (const char* subject : kSubjects) {
      server.create(spec_of(subject));
    }
    fill();
    server.run_for(2s);
  }
  world.broker.forget_above("S", 6);
  fill();
}

// What a job, on a server of its own, finds to be its epoch.
Result<ResolvedEpoch> resolve(World& world, const std::string& subject,
                              const std::function<Result<void>()>& step) {
  TestEnvironment server(world, subject);
  SteppedKeyValue kv(server.kv, step);
  const auto store = object::make_faulty(world.bucket(), [&](const object::Call& /*call*/) {
    const auto stepped = step();
    return stepped ? object::Fault{} : object::Fault{.error = stepped.error()};
  });
  const auto catalog = *catalog::Catalog::open(store, "", "S");
  return resolve_epoch(
      with_records(server.jobs, kv), *catalog, spec_of(subject), *world.broker.stream_info("S"), {},
      [](const auto& /*info*/, std::uint64_t /*archived*/) -> Result<void> { return {}; });
}

// All at once. Some are killed in the middle, and begin again.
std::map<std::string, ResolvedEpoch> resolve_at_once(World& world, std::mt19937& random) {
  constexpr int kMostSteps = 60;
  Turns turns(random);
  std::map<std::string, ResolvedEpoch> resolved;
  std::vector<std::function<void()>> jobs;
  for (const char* subject : kSubjects) {
    jobs.emplace_back([&, subject] {
      int steps_to_live = static_cast<int>(random() % kMostSteps);
      const auto step = [&]() -> Result<void> {
        turns.step();
        return steps_to_live-- > 0 ? Result<void>() : fail(object::made_up_error());
      };
      auto epoch = resolve(world, subject, step);
      if (!epoch) {
        steps_to_live = INT_MAX;
        epoch = resolve(world, subject, step);
      }
      EXPECT_TRUE(epoch) << epoch.error().message;
      resolved[subject] = epoch.value_or(ResolvedEpoch{});
    });
  }
  turns.run(jobs);
  return resolved;
}

TEST(EpochWriter, JobsThatBeginAnEpochAtOnceAllStayInItsDescription) {
  for_each_seed([](std::uint32_t seed) {
    std::mt19937 random(seed);
    World world;
    lose_latest_messages(world);
    const auto resolved = resolve_at_once(world, random);
    const auto epochs = *(*catalog::Catalog::open(world.bucket(), "", "S"))->epochs();
    ASSERT_THAT(epochs, SizeIs(2));
    EXPECT_EQ(epochs.back().parent, epochs.front().name);
    EXPECT_THAT(epochs.back().filters, ElementsAre(Key("s.a"), Key("s.b"), Key("s.c")));
    EXPECT_THAT(epochs.back().parent_last_sequences,
                ElementsAre(Pair("s.a", 2), Pair("s.b", 4), Pair("s.c", 6)));
    for (const auto& [subject, epoch] : resolved) {
      EXPECT_EQ(epoch.name, epochs.back().name) << subject;
      EXPECT_EQ(epoch.shared, epochs.back().shared(subject)) << subject;
    }
  });
}

class EpochWriterTest : public ::testing::Test {
 protected:
  static constexpr const char* kParent = "20200101T000000.000000000Z";
  static constexpr const char* kEpoch = "20200102T000000.000000000Z";

  static archive::EpochDescription epoch_with(const std::string& filter, std::uint64_t shared) {
    return {.stream = "S",
            .name = kEpoch,
            .config = Json{{"name", "S"}},
            .parent = kParent,
            .parent_last_sequences = {{filter, shared}},
            .filters = {{filter, filter}}};
  }

  Result<archive::EpochDescription> write(const archive::EpochDescription& epoch) {
    return EpochWriter(kv_, *catalog_, "bucket").write(epoch, *catalog_->epochs());
  }
  void put_parent() {
    ASSERT_TRUE(
        catalog_->put_epoch({.stream = "S", .name = kParent, .config = Json{{"name", "S"}}}));
  }
  archive::EpochDescription there() { return catalog_->epochs()->back(); }

  ManualClock clock_;
  std::shared_ptr<nats::MemoryBucket> records_ = std::make_shared<nats::MemoryBucket>(clock_);
  nats::MemoryKeyValue kv_{records_};
  std::shared_ptr<object::ObjectStore> store_ = object::make_memory_store();
  std::shared_ptr<catalog::Catalog> catalog_ = *catalog::Catalog::open(store_, "", "S");
};

TEST_F(EpochWriterTest, PutsAgainWhatALatePutReplaced) {
  put_parent();
  ASSERT_TRUE(write(epoch_with("a", 7)));
  const auto first = there();
  ASSERT_TRUE(write(epoch_with("b", 8)));
  ASSERT_TRUE(catalog_->put_epoch(first));
  ASSERT_TRUE(write(first)) << "its job begins again";
  EXPECT_THAT(there().filters, ElementsAre(Key("a"), Key("b")));
}

TEST_F(EpochWriterTest, WritesNothingWhenAllIsThere) {
  put_parent();
  ASSERT_TRUE(write(epoch_with("a", 7)));
  const auto revision = kv_.list("epoch.")->front().revision;
  const auto store =
      object::make_faulty(store_, object::fail_calls(object::Operation::kPut, 1, UINT64_MAX));
  const auto catalog = *catalog::Catalog::open(store, "", "S");
  EXPECT_TRUE(EpochWriter(kv_, *catalog, "bucket").write(there(), *catalog->epochs()));
  EXPECT_EQ(kv_.list("epoch.")->front().revision, revision);
}

TEST_F(EpochWriterTest, KeepsWhatIsThereWhenNothingIsNoted) {
  put_parent();
  ASSERT_TRUE(write(epoch_with("a", 7)));
  const auto entry = kv_.list("epoch.")->front();
  ASSERT_TRUE(kv_.remove(entry.key, entry.revision));
  ASSERT_TRUE(write(epoch_with("b", 8)));
  EXPECT_THAT(there().parent_last_sequences, ElementsAre(Pair("a", 7), Pair("b", 8)));
}

TEST_F(EpochWriterTest, DoesNotBelieveTheNoteOfAnArchiveThatWasDeleted) {
  put_parent();
  ASSERT_TRUE(write(epoch_with("a", 7)));
  ASSERT_TRUE(store_->remove(archive::description_key(catalog_->location(), kEpoch)));
  ASSERT_TRUE(write(epoch_with("b", 8)));
  EXPECT_THAT(there().filters, ElementsAre(Key("b")));
  ASSERT_TRUE(write(epoch_with("c", 9)));
  EXPECT_THAT(there().filters, ElementsAre(Key("b"), Key("c")));
  EXPECT_EQ(there().config, (Json{{"name", "S"}}));
}

TEST_F(EpochWriterTest, LeavesAnEpochAloneThatBeganForAnotherLifeOfTheStream) {
  put_parent();
  archive::EpochDescription other = epoch_with("b", 8);
  other.created += 1s;
  ASSERT_TRUE(write(epoch_with("a", 7)));
  EXPECT_EQ(write(other).error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(there().filters, ElementsAre(Key("a")));
}

TEST_F(EpochWriterTest, LeavesAnEpochAloneAfterWhichAnotherHasBegun) {
  put_parent();
  const auto before = *catalog_->epochs();
  ASSERT_TRUE(write(epoch_with("a", 7)));
  archive::EpochDescription late = before.front();
  late.filters = {{"b", "b"}};
  const EpochWriter writer(kv_, *catalog_, "bucket");
  EXPECT_EQ(writer.write(late, before).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(catalog_->epochs()->front(), before.front());
}

TEST_F(EpochWriterTest, BeginsAnEpochAfterTheArchiveOfALaterOneWasDeleted) {
  ASSERT_TRUE(write(epoch_with("a", 7)));
  ASSERT_TRUE(store_->remove(archive::description_key(catalog_->location(), kEpoch)));
  const archive::EpochDescription first{
      .stream = "S", .name = kParent, .config = Json{{"name", "S"}}, .filters = {{"b", "b"}}};
  ASSERT_TRUE(write(first));
  EXPECT_EQ(there(), first);
}

}  // namespace
}  // namespace nats3::jobs
