// MemoryBroker: a Broker in memory, for tests of what stands on one. Everything happens in the call
// that causes it, on its thread, against the clock that is given; callbacks run in it too.
//
// Streams are filled, purged, deleted and made again; the network fails on demand.
// Thread-safe. Outlives its sources and sinks.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "nats/broker.h"
#include "nats/memory/memory_stream.h"

namespace nats3::nats {

class MemorySource;
class MemorySink;

class MemoryBroker final : public Broker {
 public:
  explicit MemoryBroker(const Clock& clock) : clock_(clock) {}
  ~MemoryBroker() override;

  // --- Streams. A stream that is deleted and made again is new: sequences from 1, `created` now.
  void make_stream(const std::string& name, MemoryStreamOptions options);
  void delete_stream(const std::string& name);
  // Stores one message as a client's publish does, and returns its sequence (0: refused).
  std::uint64_t publish(std::string_view subject, std::string_view payload,
                        std::vector<archive::HeaderField> headers = {});
  void remove_message(const std::string& stream, std::uint64_t sequence);
  void purge_below(const std::string& stream, std::uint64_t sequence);
  void forget_above(const std::string& stream, std::uint64_t sequence);
  [[nodiscard]] std::vector<OwnedMessage> messages(const std::string& stream) const;

  // --- Trouble.
  // Every call fails with kUnavailable until it's set back; sources and sinks that are open are
  // lost.
  void set_available(bool available);
  // Every open source fails at its next fetch, as after a reconnect.
  void lose_sources();
  // The next delivery of each open source without acks is dropped on its way.
  void drop_next_delivery();
  // Every consumer of the stream goes on behind its last message, whatever it hasn't delivered.
  void pass_over(const std::string& stream);
  // The durable consumer waits for acknowledgements of these again, as after a crash of its server,
  // whether the stream has them or not.
  void forget_acknowledgements(const std::string& stream, const std::string& consumer,
                               const std::vector<std::uint64_t>& sequences);
  // The stream tells of its last `count` messages by deliveries only, as while those are on a
  // replica whose leader doesn't have them.
  void hide_last(const std::string& stream, std::uint64_t count);
  // Sources without acknowledgements don't get the stream's last `count` messages, nor count them,
  // as those of a replica that doesn't have them yet.
  void lag_behind(const std::string& stream, std::uint64_t count);
  // The stream doesn't list what is gone from it.
  void hide_gaps(const std::string& stream);
  // The durable consumer delivers nothing until it has been opened so many times.
  void stop_consumer(const std::string& stream, const std::string& consumer, int openings = 1);
  // The `nth` publish of a sink from now (1: the next) ends as said.
  enum class PublishFault {
    kRefuse,      // not stored; outcome kUnavailable
    kRefuseBad,   // not stored; outcome kInvalid
    kLoseAck,     // stored; outcome kUnavailable
    kDisconnect,  // stored; the sink is lost and all it has outstanding is kUnavailable
  };
  void fail_publish(std::size_t nth, PublishFault fault);
  // While held, messages are stored but sinks see no outcomes.
  void hold_acks(bool held);
  // While held, what sinks send is on its way: not stored, not answered. It arrives later, even
  // when its sink is gone by then.
  void hold_publishes(bool held);
  // `count` of them arrive: of sinks that are there.
  void deliver_publishes(std::size_t count);
  // The same for sinks that are gone. These never arrive by themselves.
  void deliver_late_publishes(std::size_t count);
  void set_max_payload(std::size_t bytes);
  // How many sources and sinks are open: for tests that nothing is left behind.
  [[nodiscard]] std::size_t open_sources() const;
  [[nodiscard]] std::size_t open_sinks() const;

  // --- Broker.
  Result<StreamInfo> stream_info(const std::string& stream) override;
  Result<std::vector<std::string>> streams_of_subject(const std::string& subject) override;
  Result<OwnedMessage> get_message(const std::string& stream, std::uint64_t sequence) override;
  Result<OwnedMessage> next_message(const std::string& stream, const std::string& filter,
                                    std::uint64_t from) override;
  Result<ConsumerPosition> consumer_position(const std::string& stream,
                                             const std::string& consumer) override;
  Result<void> delete_consumer(const std::string& stream, const std::string& consumer) override;
  Result<void> prepare_consumer(const SourceOptions& options) override;
  Result<std::unique_ptr<Source>> open_source(SourceOptions options) override;
  Result<std::unique_ptr<Sink>> open_sink(SinkOptions options) override;
  Result<void> status() const override;

 private:
  friend class MemorySource;
  friend class MemorySink;

  struct OnItsWay {
    MemorySink* sink = nullptr;  // nullptr: it's gone
    std::uint64_t token = 0;
    OwnedMessage message;
    std::optional<PublishFault> fault;
  };

  Result<MemoryStream*> find_stream(const std::string& name);
  void wake_sources();
  void deliver(std::size_t count, bool late);
  Result<PublishAck> store(const archive::Message& message);

  const Clock& clock_;
  mutable std::recursive_mutex mutex_;  // callbacks may call back in
  bool available_ = true;
  std::map<std::string, std::unique_ptr<MemoryStream>> streams_;
  std::set<MemorySource*> sources_;
  std::set<MemorySink*> sinks_;
  std::size_t publishes_ = 0;                   // of sinks, so far
  std::map<std::size_t, PublishFault> faults_;  // by number of the publish
  bool acks_held_ = false;
  bool publishes_held_ = false;
  std::deque<OnItsWay> on_their_way_;
  std::size_t max_payload_ = 1 << 20;
  std::uint64_t last_source_ = 0;
};

}  // namespace nats3::nats
