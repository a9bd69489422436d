// Broker: what nats3 needs of JetStream, as seams with a real implementation and an in-memory twin.
// Nothing above this folder knows libnats.
//
// Threads: Broker and KeyValue are thread-safe. A Source or Sink belongs to one job: calls on it
// must not overlap, but may come from different threads. `on_ready` callbacks arrive on any thread,
// must be quick, and may come spuriously. Errors of every call: kUnavailable (NATS away or no
// JetStream leader: retry), kDenied.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/message.h"
#include "base/clock.h"
#include "base/error.h"

namespace nats3::nats {

enum class Retention { kLimits, kInterest, kWorkQueue };

struct StreamInfo {
  std::string name;
  Timestamp created;
  Retention retention = Retention::kLimits;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;  // 0: never held a message
  std::uint64_t messages = 0;
  // Of all that it stores; empty where it isn't known: a mirror, an aggregate, a stream that
  // changes subjects.
  std::vector<std::string> subjects;
  std::chrono::nanoseconds duplicate_window{0};
  std::uint64_t max_per_subject = 0;  // it keeps so many of each subject; 0: any number
  bool acknowledges = true;           // false: publishes are stored without an answer (no_ack)
  bool refuses_when_full = false;     // new messages, instead of dropping old ones
  bool replicated = false;            // more than one server keeps it
  bool changes_subjects = false;      // of messages, as it stores them
  std::string domain;                 // of its JetStream; "": that has no name
  std::string config_json;            // the server's JSON, whole, so that nothing is dropped
};

// A message with its own memory. Movable only: `message` points into it.
class OwnedMessage {
 public:
  explicit OwnedMessage(const archive::Message& message);
  OwnedMessage(OwnedMessage&&) noexcept = default;
  OwnedMessage& operator=(OwnedMessage&&) noexcept = default;
  [[nodiscard]] const archive::Message& message() const { return message_; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::vector<archive::HeaderField> headers_;
  archive::Message message_;
};

// A message as a consumer delivered it.
struct Delivery {
  archive::Message message;
  std::uint64_t consumer_sequence = 0;
  std::uint64_t delivered = 1;   // 1: for the first time
  std::uint64_t pending = 0;     // messages the consumer had left when it sent this one
  std::string_view ack_subject;  // where acknowledgements of it go
};

// Deliveries and the memory they view. Movable only.
class DeliveryBatch {
 public:
  // Whatever keeps the views valid: released with the batch and all parts of it.
  class Storage {
   public:
    virtual ~Storage() = default;
  };

  DeliveryBatch() = default;
  DeliveryBatch(std::vector<Delivery> deliveries, std::shared_ptr<Storage> storage)
      : deliveries_(std::move(deliveries)), storage_(std::move(storage)) {}
  DeliveryBatch(DeliveryBatch&&) noexcept = default;
  DeliveryBatch& operator=(DeliveryBatch&&) noexcept = default;

  [[nodiscard]] const std::vector<Delivery>& deliveries() const { return deliveries_; }
  [[nodiscard]] bool empty() const { return deliveries_.empty(); }
  // Some of them, which keep the same memory.
  [[nodiscard]] DeliveryBatch part(std::size_t first, std::size_t count) const {
    const auto some = std::span(deliveries_).subspan(first, count);
    return {{some.begin(), some.end()}, storage_};
  }

 private:
  std::vector<Delivery> deliveries_;
  std::shared_ptr<Storage> storage_;
};

// How much one fetch may return. It returns at least one message when there is one, however large.
struct FetchLimits {
  std::size_t max_messages = 0;
  std::size_t max_bytes = 0;  // of content_size
};

// Receives a stream's messages. What is received but not yet fetched is bounded by
// SourceOptions::max_buffered_*.
class Source {
 public:
  virtual ~Source() = default;

  // What has arrived, or the oldest of it; empty when nothing has. Doesn't wait for messages; where
  // consumers may pass over some (passed_over.h) it asks the stream after each jump. Also keeps the
  // subscription alive (pull requests, heartbeats), so it is called at least once a second.
  // Errors: kUnavailable when messages may have been missed (reconnected, gap in the consumer's
  // sequence, heartbeats missing, consumer gone): close it and open another after the last message
  // received. kInvalid when the server refuses for good.
  [[nodiscard]] virtual Result<DeliveryBatch> fetch(const FetchLimits& limits) = 0;

  // Called when a fetch that found nothing may find something now. Set before the first fetch; once
  // this returns from being set to nullptr, no call is under way.
  virtual void on_ready(std::function<void()> callback) = 0;

  // Acknowledges messages by their ack_subject, in order. Explicit-ack sources only; they arrive
  // once this returns, unless an error says that it isn't known.
  [[nodiscard]] virtual Result<void> ack(const std::vector<std::string>& ack_subjects) = 0;

  // Starts the ack wait of messages that are held anew.
  [[nodiscard]] virtual Result<void> extend(const std::vector<std::string>& ack_subjects) = 0;

  // So many messages the server leaves unacknowledged, then it waits for acknowledgements before it
  // delivers more. SIZE_MAX without acknowledgements.
  [[nodiscard]] virtual std::size_t max_unacknowledged() const = 0;

  // So many messages were there to be delivered when it was opened, those that come again included.
  [[nodiscard]] virtual std::uint64_t pending_at_open() const = 0;
};

struct SourceOptions {
  std::string stream;
  std::string filter_subject;
  // Without explicit acks: a new consumer with this prefix, from `start_sequence` on.
  // With: the durable consumer of this name, made when it's missing (then from `start_sequence` on;
  // work-queue streams take only 1).
  std::string consumer;
  bool explicit_ack = false;
  // When the durable has deliveries without acks at opening (a reader died), nothing is taken
  // before its ack wait has passed: then they come again, before anything new.
  bool redelivered_first = false;
  // With explicit acks: the sequences above `after` and up to `up_to` that are archived, ascending,
  // or as many of the lowest as can be told. Called at most once, while the durable is opened,
  // where it has deliveries without acks; may block; an error fails the opening. What is archived
  // and gone from the stream is acknowledged: see missing_sequences.h.
  std::function<Result<std::vector<std::uint64_t>>(std::uint64_t after, std::uint64_t up_to)>
      archived;
  bool headers_only = false;  // payloads stay away; only without explicit acks
  std::uint64_t start_sequence = 1;
  std::chrono::milliseconds ack_wait{30'000};  // of a durable consumer that is made here
  std::size_t max_ack_pending = 1'000'000;     // likewise
  std::size_t max_buffered_messages = 10'000;
  std::size_t max_buffered_bytes = 16 << 20;
};

struct OutgoingMessage {
  std::string_view subject;
  std::span<const archive::HeaderField> headers;
  std::string_view payload;
};

struct PublishAck {
  std::string stream;
  std::uint64_t sequence = 0;
  bool duplicate = false;  // the server had this message id in its window already
  std::string domain;      // of the JetStream that has it; "": it has no name
};

// The server's answer to one publish().
struct PublishOutcome {
  std::uint64_t token = 0;
  Result<PublishAck> ack;
};

// Publishes into JetStream, many messages in flight, on a connection of its own which never
// reconnects: after kUnavailable, close it and open another.
class Sink {
 public:
  virtual ~Sink() = default;

  // Sends one message without waiting; its outcome carries `token`. The views are copied.
  // Errors: kUnavailable (the connection is gone); kInvalid (the message is larger than the
  // server's maximum payload, which the message names; or a bad subject).
  [[nodiscard]] virtual Result<void> publish(const OutgoingMessage& message,
                                             std::uint64_t token) = 0;

  // Outcomes that arrived, in order of arrival; empty when none has. A message unanswered for
  // SinkOptions::ack_timeout gets the outcome kUnavailable. The server's refusals: kUnavailable
  // when they can pass (overload, no leader, no stream yet, a full one), kConflict for an
  // expected sequence or message id that was another, kInvalid for those that can't pass.
  [[nodiscard]] virtual std::vector<PublishOutcome> take_outcomes() = 0;

  // Whether what was published is on its way, and why not.
  [[nodiscard]] virtual Result<void> flush() = 0;

  // As Source::on_ready, for outcomes and for a lost connection.
  virtual void on_ready(std::function<void()> callback) = 0;
};

struct SinkOptions {
  std::chrono::milliseconds ack_timeout{10'000};
  // Of the JetStream whose acknowledgements count: another may store the same subject, and
  // acknowledge sooner. nullopt: all count.
  std::optional<std::string> domain = std::nullopt;
};

// How far a durable consumer has come.
struct ConsumerPosition {
  std::string filter;  // "" or ">": everything
  bool explicit_ack = false;
  // Every message it selects up to this stream sequence was acknowledged.
  std::uint64_t ack_floor = 0;
  bool paused = false;                   // it delivers nothing for a while, as somebody wants it to
  std::uint64_t delivered = 0;           // the highest stream sequence that it has delivered
  std::uint64_t pending = 0;             // messages that it has not delivered yet
  std::uint64_t unacknowledged = 0;      // messages that it has delivered, and waits for
  std::chrono::nanoseconds ack_wait{0};  // then it delivers again
};

class Broker {
 public:
  virtual ~Broker() = default;

  // Errors: kNotFound.
  [[nodiscard]] virtual Result<StreamInfo> stream_info(const std::string& stream) = 0;

  // The streams that store `subject`, or with wildcards some of what it selects; never empty.
  // Errors: kNotFound when none does.
  [[nodiscard]] virtual Result<std::vector<std::string>> streams_of_subject(
      const std::string& subject) = 0;

  // One stored message, with the time and sequence it was stored under.
  // Errors: kNotFound; kUnavailable when the stream isn't there: that says nothing of a message.
  [[nodiscard]] virtual Result<OwnedMessage> get_message(const std::string& stream,
                                                         std::uint64_t sequence) = 0;

  // The first stored message from sequence `from` on that `filter` selects. Errors: as above.
  [[nodiscard]] virtual Result<OwnedMessage> next_message(const std::string& stream,
                                                          const std::string& filter,
                                                          std::uint64_t from) = 0;

  // Errors: kNotFound (stream or consumer).
  [[nodiscard]] virtual Result<ConsumerPosition> consumer_position(const std::string& stream,
                                                                   const std::string& consumer) = 0;

  // The durable consumer goes, and sources on it end. Errors: kNotFound.
  [[nodiscard]] virtual Result<void> delete_consumer(const std::string& stream,
                                                     const std::string& consumer) = 0;

  // Whether open_source would succeed: with explicit_ack makes the durable consumer when it is
  // missing. Takes no message from it. Errors: as open_source.
  [[nodiscard]] virtual Result<void> prepare_consumer(const SourceOptions& options) = 0;

  // Errors: kNotFound (stream), kInvalid (the server refuses the consumer: what it said, and for a
  // work-queue stream whose filter another consumer has, that consumer's name).
  [[nodiscard]] virtual Result<std::unique_ptr<Source>> open_source(SourceOptions options) = 0;

  [[nodiscard]] virtual Result<std::unique_ptr<Sink>> open_sink(SinkOptions options) = 0;

  // Whether the connection is up right now, and why not. Never blocks.
  [[nodiscard]] virtual Result<void> status() const = 0;
};

struct KvEntry {
  std::string key;
  std::string value;
  std::uint64_t revision = 0;
};

// A key as it was left by its last change.
struct KvChange {
  std::string key;
  std::optional<std::string> value;  // nothing: it was removed
  std::uint64_t revision = 0;
};

// One key-value bucket, read from the stream's leader. Keys: A-Z a-z 0-9 - _ = / and dots between
// tokens.
class KeyValue {
 public:
  virtual ~KeyValue() = default;
  // Errors: kNotFound.
  [[nodiscard]] virtual Result<KvEntry> get(const std::string& key) = 0;
  // Every entry whose key begins with `prefix` (whole tokens, such as "job."), in order of keys.
  [[nodiscard]] virtual Result<std::vector<KvEntry>> list(const std::string& prefix) = 0;
  // The keys that begin with `prefix` and were changed after revision `after`, in order of their
  // last change, each once. An entry that went by its age isn't told.
  [[nodiscard]] virtual Result<std::vector<KvChange>> changes(const std::string& prefix,
                                                              std::uint64_t after) = 0;
  // Sets `key` if its revision is still `expected` (0: absent). Returns the new revision. A repeat
  // after a lost answer counts as success. Errors: kConflict.
  [[nodiscard]] virtual Result<std::uint64_t> put(const std::string& key, std::string_view value,
                                                  std::uint64_t expected) = 0;
  // Removes `key` if its revision is still `expected`. Errors: kConflict.
  [[nodiscard]] virtual Result<void> remove(const std::string& key, std::uint64_t expected) = 0;
  // The stream behind it, whose sequences are the revisions. Errors: kUnavailable when it is gone.
  [[nodiscard]] virtual Result<StreamInfo> stream() = 0;
};

}  // namespace nats3::nats
