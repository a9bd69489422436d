// MemoryBucket and MemoryKeyValue: a key-value bucket in memory and a KeyValue on it. Several
// MemoryKeyValues on one bucket stand for several processes.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "nats/broker.h"

namespace nats3::nats {

class MemoryBucket {
 public:
  // `max_age`: after which an entry goes by itself, by `clock`; 0: never.
  explicit MemoryBucket(const Clock& clock, std::chrono::nanoseconds max_age = {})
      : clock_(clock), max_age_(max_age), state_{.created = clock.now()} {}

  // Every call fails with kUnavailable until it's set back.
  void set_available(bool available);
  // The `nth` write from now (1: the next) happens, and its answer is lost: kUnavailable.
  void lose_answer(std::size_t nth);
  // The same, and every call after it fails until set_available(true).
  void lose_answer_and_go(std::size_t nth);
  // The `nth` write from now doesn't happen: kUnavailable.
  void lose_write(std::size_t nth);

  struct Entry {
    std::string value;
    std::uint64_t revision = 0;
    MonotonicTime written;
  };
  struct State {
    Timestamp created;
    std::map<std::string, Entry> entries;
    std::map<std::string, std::uint64_t> removals;  // key -> revision of its removal
    std::uint64_t last_revision = 0;
  };
  // What it holds; back_to() loses all that was written since, as a power cut may.
  State state();
  void back_to(State state);
  // It is made again, empty.
  void remake();

 private:
  friend class MemoryKeyValue;
  enum class Fault { kAnswer, kGone, kWrite };

  void forget_old();

  const Clock& clock_;
  const std::chrono::nanoseconds max_age_;
  std::mutex mutex_;
  State state_;
  std::size_t writes_ = 0;
  std::map<std::size_t, Fault> faults_;  // by number of the write
  bool available_ = true;
};

class MemoryKeyValue final : public KeyValue {
 public:
  explicit MemoryKeyValue(std::shared_ptr<MemoryBucket> bucket) : bucket_(std::move(bucket)) {}

  Result<KvEntry> get(const std::string& key) override;
  Result<std::vector<KvEntry>> list(const std::string& prefix) override;
  Result<std::vector<KvChange>> changes(const std::string& prefix, std::uint64_t after) override;
  Result<std::uint64_t> put(const std::string& key, std::string_view value,
                            std::uint64_t expected) override;
  Result<void> remove(const std::string& key, std::uint64_t expected) override;
  Result<StreamInfo> stream() override;

 private:
  // A write whose answer was lost, and what became of it.
  struct Unresolved {
    std::optional<std::string> value;  // nothing: a removal
    std::uint64_t expected = 0;
    std::uint64_t revision = 0;
  };

  Result<std::uint64_t> write(const std::string& key, std::optional<std::string> value,
                              std::uint64_t expected);

  const std::shared_ptr<MemoryBucket> bucket_;
  std::map<std::string, Unresolved> unresolved_;  // guarded by the bucket's mutex
};

}  // namespace nats3::nats
