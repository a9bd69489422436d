// LoadWindow: the messages that a load has published and that its position doesn't cover yet, in
// order, and that position: the last message up to which all are acknowledged.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "catalog/archive_reader.h"
#include "catalog/position.h"
#include "nats/broker.h"

namespace nats3::jobs {

class LoadWindow {
 public:
  // Less than what nats-server 2.11 and later take in flight for one stream (10,000 messages).
  static constexpr std::size_t kMaxMessages = 4'000;
  static constexpr std::size_t kMaxBytes = 16 << 20;

  using Batch = std::shared_ptr<const catalog::ReadBatch>;

  struct Message {
    Batch batch;
    std::uint64_t sequence = 0;
    std::size_t content_bytes = 0;
    std::size_t payload_bytes = 0;
    std::uint64_t target_sequence = 0;  // once it is acknowledged
  };

  // What the position has come to cover.
  struct Covered {
    std::vector<Message> messages;
    std::vector<Batch> batches;  // whole
  };

  [[nodiscard]] const catalog::Position& position() const { return position_; }
  void set_position(catalog::Position position) { position_ = std::move(position); }

  // Under which the next message is to be published; it is then added with sent().
  [[nodiscard]] std::uint64_t next_token() const { return first_token_ + entries_.size(); }
  void sent(Message message);
  // A message that the target has already.
  void arrived(Message message);
  void end_batch(Batch batch);

  // The message that this is the outcome of; null for one of an earlier session.
  const Message* answer(const nats::PublishOutcome& outcome);

  // Moves the position over what is acknowledged, up to the first that isn't.
  [[nodiscard]] Covered admit();
  // Brings the position up to the last admitted message within a batch, for the record.
  void raise_position();
  // Chunks that end in the batch being admitted, every message of which is admitted.
  [[nodiscard]] std::vector<catalog::FinishedChunk> replayed_within_batch() const;
  // Of the stream that was archived, up to where all is admitted; 0: not known.
  [[nodiscard]] std::uint64_t stream_sequence() const;

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] bool all_answered() const;
  [[nodiscard]] std::size_t messages() const { return messages_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // The least target sequence of what is acknowledged and not admitted; UINT64_MAX without any.
  [[nodiscard]] std::uint64_t lowest_ahead() const;

  // Forgets all that isn't admitted. Returns those of it that were acknowledged.
  std::vector<Message> clear();

 private:
  struct Entry {
    Message message;  // of an end of a batch: the batch alone
    bool ends_batch = false;
    bool answered = false;
    bool acknowledged = false;
  };

  void push(Entry entry);

  std::deque<Entry> entries_;
  std::uint64_t first_token_ = 0;  // of entries_.front()
  std::size_t messages_ = 0;
  std::size_t bytes_ = 0;
  catalog::Position position_;
  // The last message that was admitted, while its batch isn't.
  Batch admitted_batch_;
  std::uint64_t admitted_sequence_ = 0;
};

}  // namespace nats3::jobs
