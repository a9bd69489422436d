// MemoryStream: a JetStream stream in memory, as far as nats3 looks at one: sequences, purges,
// re-creation, message ids, and work-queue consumers with ack waits.
// Not thread-safe: MemoryBroker guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "nats/broker.h"

namespace nats3::nats {

struct MemoryStreamOptions {
  std::vector<std::string> subjects;
  Retention retention = Retention::kLimits;
  std::chrono::nanoseconds duplicate_window = std::chrono::minutes{2};
  std::size_t max_messages = 0;     // 0: any number
  std::size_t max_per_subject = 0;  // likewise
  bool replicated = false;          // a message that expects another last id ends it, as in 2.15.2
  bool discard_new = false;         // past these: refuse new messages instead of dropping old ones
  bool no_ack = false;              // only told; publishes are answered all the same
  std::string config_json = "{}";
};

// A durable consumer with explicit acks.
struct MemoryConsumer {
  struct Pending {
    MonotonicTime due;  // when it is delivered again
    std::uint64_t delivered = 1;
  };

  std::string filter;
  std::chrono::nanoseconds ack_wait{0};
  std::size_t max_ack_pending = 0;
  std::uint64_t next_stream_sequence = 1;
  std::uint64_t next_consumer_sequence = 1;
  std::map<std::uint64_t, Pending> pending;  // by stream sequence
  int stopped = 0;                           // until it is opened so many times
};

class MemoryStream {
 public:
  MemoryStream(std::string name, MemoryStreamOptions options, const Clock& clock);

  [[nodiscard]] StreamInfo info() const;
  [[nodiscard]] const MemoryStreamOptions& options() const { return options_; }
  [[nodiscard]] bool stores(std::string_view subject) const;
  // Whether it stores some of what `filter` selects.
  [[nodiscard]] bool stores_some(std::string_view filter) const;

  // Stores a message as JetStream does: Nats-Msg-Id within the window makes it a duplicate;
  // Nats-Expected-Last-Sequence, -Last-Msg-Id and -Last-Subject-Sequence must hold.
  // Errors: kConflict (an expectation); kInvalid (Nats-Expected-Stream is another); kUnavailable
  // (full).
  Result<PublishAck> store(const archive::Message& message);

  // The message at or after `sequence` that `filter` selects; nullptr when there is none.
  [[nodiscard]] const archive::Message* next(std::uint64_t sequence, std::string_view filter) const;
  [[nodiscard]] const archive::Message* find(std::uint64_t sequence) const;
  [[nodiscard]] const archive::Message* last_of(std::string_view subject) const;
  [[nodiscard]] std::uint64_t count_from(std::uint64_t sequence, std::string_view filter) const;

  // Consumers wait for what is removed no more.
  void remove(std::uint64_t sequence);
  // Removes everything below `sequence`. Consumers find out when they would deliver it again.
  void purge_below(std::uint64_t sequence);
  // A server that comes back without its latest writes.
  void forget_above(std::uint64_t sequence);

  // Errors: kInvalid: the consumer exists with another filter, or another one overlaps.
  Result<MemoryConsumer*> durable(const SourceOptions& options);
  [[nodiscard]] MemoryConsumer* find_consumer(const std::string& name);
  void delete_consumer(const std::string& name) { consumers_.erase(name); }
  // Its durable consumers go on behind its last message, and forget what isn't acknowledged.
  void pass_over() {
    for (auto& [name, consumer] : consumers_) {
      consumer.next_stream_sequence = last_sequence_ + 1;
      consumer.pending.clear();
    }
  }
  // From here on it doesn't list what is gone from it, as 2.9 at times doesn't.
  void hide_gaps() { lists_gaps_ = false; }
  void hide_last(std::uint64_t count) { hidden_ = count; }
  void lag_behind(std::uint64_t count) { lagging_ = count; }
  // Up to which sequence a consumer without acknowledgements is delivered messages.
  [[nodiscard]] std::uint64_t delivered_up_to() const { return last_sequence_ - lagging_; }
  // How many such a consumer counts from `sequence` on.
  [[nodiscard]] std::uint64_t pending_from(std::uint64_t sequence, std::string_view filter) const {
    return count_from(sequence, filter) -
           count_from(std::max(sequence, delivered_up_to() + 1), filter);
  }
  // Acknowledges what the consumer waits for in vain, as missing_sequences.h says. Errors: those of
  // SourceOptions::archived.
  Result<void> settle_missing(MemoryConsumer& consumer, const SourceOptions& options) const;
  // An acknowledged message goes, on a work queue; on an interest stream when all have.
  void acknowledge(const std::string& consumer, std::uint64_t sequence);

 private:
  struct Remembered {
    Timestamp until;
    std::uint64_t sequence = 0;
  };

  Result<void> check_expectations(const archive::Message& message) const;
  Result<void> check_room(const archive::Message& message) const;
  void drop_oldest(std::string_view subject);
  // Of an interest stream: whether a consumer has yet to acknowledge it.
  [[nodiscard]] bool anyone_needs(std::uint64_t sequence) const;
  void forget_old_ids();

  const std::string name_;
  const MemoryStreamOptions options_;
  const Clock& clock_;
  const Timestamp created_;
  std::uint64_t last_sequence_ = 0;
  std::map<std::uint64_t, OwnedMessage> messages_;
  std::map<std::string, Remembered, std::less<>> ids_;
  bool given_up_ = false;
  std::string last_id_;
  bool lists_gaps_ = true;
  std::uint64_t hidden_ = 0;   // of the last messages: info() knows nothing of them
  std::uint64_t lagging_ = 0;  // of the last messages: not delivered yet
  std::map<std::string, MemoryConsumer> consumers_;
};

}  // namespace nats3::nats
