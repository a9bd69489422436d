// What tests of jobs stand on: NATS and S3 in memory, and servers whose tasks run on the calling
// thread, in virtual time, one by one. A World outlives its servers: destroying one is killing it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "archive/chunk_reader.h"
#include "base/executor.h"
#include "catalog/chunk_lister.h"
#include "catalog/chunk_removal.h"
#include "jobs/manager/job_manager.h"
#include "nats/memory/memory_broker.h"
#include "nats/memory/memory_key_value.h"
#include "object/faulty.h"
#include "object/memory/memory_store.h"

namespace nats3::jobs {

struct World {
  ManualClock clock;
  nats::MemoryBroker broker{clock};
  std::shared_ptr<nats::MemoryBucket> records = std::make_shared<nats::MemoryBucket>(clock);
  std::shared_ptr<nats::MemoryBucket> leases =
      std::make_shared<nats::MemoryBucket>(clock, Membership::kLifetime);
  std::uint64_t store_memory = 256 << 20;  // of each server that is made from here on
  std::uint64_t load_memory = 256 << 20;   // likewise
  object::FaultPlan faults;                // none while it is empty
  std::shared_ptr<object::ObjectStoreProvider> memory = object::make_memory_provider();
  std::shared_ptr<object::ObjectStoreProvider> stores = object::make_faulty_provider(
      memory, [this](const object::Call& call) { return faults ? faults(call) : object::Fault{}; });

  // The bucket as it is, without faults.
  std::shared_ptr<object::ObjectStore> bucket() const {
    return *memory->open("bucket", object::IfMissing::kCreate);
  }
  std::vector<catalog::ChunkRef> chunks(const std::string& stream) const {
    std::vector<catalog::ChunkRef> found;
    const auto catalog = *catalog::Catalog::open(bucket(), "", stream);
    const auto epochs = *catalog->epochs();
    for (const auto& epoch : epochs) {
      auto lister = *catalog::ChunkLister::open(*catalog, epoch);
      while (const catalog::ChunkRef* chunk = *lister.peek()) {
        found.push_back(*chunk);
        lister.pop();
      }
    }
    return found;
  }
  // As a load with delete_chunks does.
  static void delete_replayed(const catalog::Catalog& catalog, const std::string& epoch,
                              const std::vector<catalog::ChunkRef>& chunks) {
    std::vector<catalog::FinishedChunk> replayed;
    for (const catalog::ChunkRef& chunk : chunks) {
      replayed.push_back({.epoch = epoch, .chunk = chunk, .selected_whole = true});
    }
    EXPECT_TRUE(catalog::remove_chunks(catalog, replayed));
  }
  // What the bucket holds: payloads by sequence, a message in two chunks twice.
  std::multimap<std::uint64_t, std::string> archived(const std::string& stream) const {
    std::multimap<std::uint64_t, std::string> messages;
    for (const auto& chunk : chunks(stream)) {
      const auto decoded = archive::decode_chunk(*bucket()->get(chunk.key));
      EXPECT_TRUE(decoded) << chunk.key;
      for (const auto& frame : decoded->frames) {
        for (const auto& message : frame.messages()) {
          messages.emplace(message.sequence, message.payload);
        }
      }
    }
    return messages;
  }
  // What a stream holds: payloads by sequence.
  std::multimap<std::uint64_t, std::string> stored(const std::string& stream) const {
    std::multimap<std::uint64_t, std::string> messages;
    for (const auto& owned : broker.messages(stream)) {
      messages.emplace(owned.message().sequence, owned.message().payload);
    }
    return messages;
  }
  // The same without sequences, in their order.
  std::vector<std::string> payloads(const std::string& stream) const {
    std::vector<std::string> payloads;
    for (const auto& [sequence, payload] : stored(stream)) {
      payloads.push_back(payload);
    }
    return payloads;
  }
  // Both streams and the records of jobs.
  void set_nats_available(bool available) {
    broker.set_available(available);
    records->set_available(available);
  }
  // In the middle of an object.
  void flip_a_bit(const std::string& key) const {
    std::string bytes = *bucket()->get(key);
    bytes[bytes.size() / 2] ^= 1;
    ASSERT_TRUE(bucket()->put(key, bytes));
  }
  void fill(const std::string& subject, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_NE(broker.publish(subject, fmt::format("payload {}", ++published)), 0U);
    }
  }
  int published = 0;
  int ids = 0;
};

// Tasks of one server, run on the caller's thread when told to.
class SteppedExecutor final : public Executor {
 public:
  explicit SteppedExecutor(ManualClock& clock) : clock_(clock) {}
  void post(Task task) override { post_at(clock_.monotonic(), std::move(task)); }
  void post_at(MonotonicTime when, Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.emplace(when, std::move(task));
  }
  [[nodiscard]] const Clock& clock() const override { return clock_; }

  // Runs one task that is due, if there is any.
  bool run_one() {
    Task task;
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty() || tasks_.begin()->first > clock_.monotonic()) {
        return false;
      }
      task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
    }
    task();
    return true;
  }

 private:
  ManualClock& clock_;
  std::mutex mutex_;
  std::multimap<MonotonicTime, Task> tasks_;
};

// Gives tasks on to another executor, or holds them while it is told to. On one thread.
class HoldingExecutor final : public Executor {
 public:
  explicit HoldingExecutor(Executor& next) : next_(next) {}
  void post(Task task) override { hold_ ? held_.push_back(std::move(task)) : next_.post(task); }
  void post_at(MonotonicTime when, Task task) override { next_.post_at(when, std::move(task)); }
  [[nodiscard]] const Clock& clock() const override { return next_.clock(); }

  void hold() { hold_ = true; }
  [[nodiscard]] std::size_t held() const { return held_.size(); }
  void release() {
    hold_ = false;
    for (Task& task : std::exchange(held_, {})) {
      next_.post(std::move(task));
    }
  }

 private:
  Executor& next_;
  bool hold_ = false;
  std::vector<Task> held_;
};

// All that the jobs of one server use.
struct TestEnvironment {
  TestEnvironment(World& of, std::string server) : world(of), id(std::move(server)) {}
  TestEnvironment(const TestEnvironment&) = delete;
  TestEnvironment& operator=(const TestEnvironment&) = delete;

  World& world;
  const std::string id;
  SteppedExecutor executor{world.clock};
  HoldingExecutor encoders{executor};
  Metrics metrics;
  MemoryBudget store_memory{world.store_memory};
  MemoryBudget load_memory{world.load_memory};
  nats::MemoryKeyValue kv{world.records};
  nats::MemoryKeyValue leases{world.leases};
  Membership membership{leases, world.clock, {.id = id, .name = id}};
  JobEnvironment jobs{
      .broker = world.broker,
      .kv = kv,
      .stores = *world.stores,
      .steps = executor,
      .tasks = executor,
      .encoders = encoders,
      .control = executor,
      .waits = executor,
      .lease = membership,
      .server = id,
      .metrics = metrics,
      .store_memory = store_memory,
      .load_memory = load_memory,
      .make_id = [this] { return fmt::format("00000000-0000-4000-8000-{:012}", ++world.ids); },
      .create_patience = std::chrono::milliseconds{300}};
};

class TestServer {
 public:
  // `id`: of one machine and address, so that a second server of it is known to succeed the first.
  explicit TestServer(World& world, std::string id = "a-server")
      : environment_(world, std::move(id)) {
    manager_->start();
    run();
  }
  [[nodiscard]] const std::string& id() const { return environment_.id; }

  JobManager& manager() { return *manager_; }
  HoldingExecutor& encoders() { return environment_.encoders; }
  const Metrics& metrics() const { return environment_.metrics; }
  const MemoryBudget& store_memory() const { return environment_.store_memory; }
  const MemoryBudget& load_memory() const { return environment_.load_memory; }

  // Runs everything that is due.
  void run() {
    int limit = 100'000;
    while (limit > 0 && environment_.executor.run_one()) {
      --limit;
    }
    EXPECT_GT(limit, 0) << "the jobs never come to rest";
  }
  void run_some(int tasks) {
    while (tasks-- > 0 && environment_.executor.run_one()) {
    }
  }
  void run_for(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds kStep{50};
    for (auto passed = kStep; passed <= time; passed += kStep) {
      environment_.world.clock.advance(kStep);
      run();
    }
  }

  // Runs until `call` has returned, which waits for a job and has a thread of its own.
  void run_during(const std::function<void()>& call) {
    std::atomic<bool> returned = false;
    std::thread caller([&] {
      call();
      returned = true;
    });
    while (!returned) {
      run();
    }
    caller.join();
  }

  StoreJob create(const StoreSpec& spec) {
    auto job = manager_->create(spec, Start::kNow);
    EXPECT_TRUE(job) << job.error().message;
    return job ? *job : StoreJob{};
  }
  LoadJob create(const LoadSpec& spec) {
    auto job = manager_->create(spec, Start::kNow);
    EXPECT_TRUE(job) << job.error().message;
    return job ? *job : LoadJob{};
  }
  void remove_store(const std::string& id) {
    run_during([&] { EXPECT_TRUE(manager_->remove_store(id)); });
  }
  StoreJob store(const std::string& id) { return *manager_->store_job(id); }
  LoadJob load(const std::string& id) { return *manager_->load_job(id); }

 private:
  TestEnvironment environment_;
  std::unique_ptr<JobManager> manager_ =
      std::make_unique<JobManager>(environment_.jobs, environment_.membership, environment_.leases);
};

// Lets `time` pass for two servers at once.
inline void run_both(World& world, TestServer& one, TestServer& other,
                     std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds kStep{50};
  for (std::chrono::milliseconds passed{0}; passed < time; passed += kStep) {
    world.clock.advance(kStep);
    one.run();
    other.run();
  }
}

}  // namespace nats3::jobs
