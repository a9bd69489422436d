// MemorySource: a Source of a MemoryBroker's stream. Threads: as Source; guarded by the broker.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nats/memory/memory_broker.h"

namespace nats3::nats {

class MemorySource final : public Source {
 public:
  MemorySource(MemoryBroker& broker, SourceOptions options, std::string consumer, Timestamp created,
               std::size_t max_unacknowledged, std::uint64_t pending)
      : broker_(broker),
        options_(std::move(options)),
        consumer_(std::move(consumer)),
        created_(created),
        max_unacknowledged_(max_unacknowledged),
        pending_at_open_(pending),
        next_stream_sequence_(options_.start_sequence) {}
  ~MemorySource() override;

  Result<DeliveryBatch> fetch(const FetchLimits& limits) override;
  void on_ready(std::function<void()> callback) override;
  Result<void> ack(const std::vector<std::string>& ack_subjects) override;
  Result<void> extend(const std::vector<std::string>& ack_subjects) override;
  [[nodiscard]] std::size_t max_unacknowledged() const override { return max_unacknowledged_; }
  [[nodiscard]] std::uint64_t pending_at_open() const override { return pending_at_open_; }

  // For the broker, which holds its lock.
  void lose(std::string why);
  void drop_next() { drop_next_ = true; }
  void pass_over(std::uint64_t last) { next_stream_sequence_ = last + 1; }
  void wake();
  [[nodiscard]] const SourceOptions& options() const { return options_; }

 private:
  class Batch;

  Result<MemoryStream*> stream();
  void fetch_plain(const MemoryStream& stream, Batch& batch);
  void fetch_explicit(MemoryStream& stream, Batch& batch);
  std::string ack_subject(const archive::Message& message, std::uint64_t consumer_sequence,
                          std::uint64_t delivered, std::uint64_t pending) const;

  MemoryBroker& broker_;
  const SourceOptions options_;
  const std::string consumer_;
  const Timestamp created_;  // of the stream this was opened on
  const std::size_t max_unacknowledged_;
  const std::uint64_t pending_at_open_;
  std::uint64_t next_stream_sequence_;
  std::uint64_t next_consumer_sequence_ = 1;
  bool drop_next_ = false;
  std::optional<MonotonicTime> hold_until_;  // see SourceOptions::redelivered_first
  std::optional<Error> lost_;
  std::function<void()> ready_;
};

}  // namespace nats3::nats
