// Publisher: a Sink over a channel of its own. One that reconnects would send again what it had
// buffered, after the caller was told that it failed.
// Threads: as Sink.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "nats/broker.h"
#include "nats/channel.h"
#include "nats/ready_signal.h"

namespace nats3::nats {

class Publisher final : public Sink, private Channel::Listener {
 public:
  // Errors: kUnavailable, kDenied, kInvalid (options).
  static Result<std::unique_ptr<Publisher>> open(const ConnectionOptions& connection,
                                                 const SinkOptions& options);
  ~Publisher() override;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  Result<void> publish(const OutgoingMessage& message, std::uint64_t token) override;
  std::vector<PublishOutcome> take_outcomes() override;
  Result<void> flush() override;
  void on_ready(std::function<void()> callback) override;

 private:
  struct InFlight {
    std::uint64_t token = 0;
    MonotonicTime deadline;
    bool answered = false;
  };

  Publisher(const ConnectionOptions& connection, const SinkOptions& options)
      : where_(display_urls(connection.urls)),
        kv_prefix_(connection.domain.empty() ? "" : api_prefix(connection)),
        options_(options) {}
  void on_messages(std::span<const MessageView> messages) override;
  void on_refused(std::string_view text) override;
  void on_lost(const Error& why) override;
  Result<void> usable() const;
  void take(const MessageView& answer);
  Result<std::uint64_t> begin(std::uint64_t token);
  void take_back(std::uint64_t number);
  void give_up(MonotonicTime now, const Result<void>& usable);

  const std::string where_;      // for messages
  const std::string kv_prefix_;  // of subjects of key-value buckets
  const SinkOptions options_;
  ReadySignal ready_;
  mutable std::mutex mutex_;
  // Messages without an outcome and answered ones among them, by number from first_number_ on.
  std::deque<InFlight> in_flight_;
  std::uint64_t first_number_ = 1;
  std::vector<PublishOutcome> outcomes_;
  bool armed_ = true;
  std::optional<Error> refused_;      // nothing more is sent
  std::unique_ptr<Channel> channel_;  // last: it calls back until it is gone
};

}  // namespace nats3::nats
