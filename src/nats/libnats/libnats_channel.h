// LibnatsChannel: a Channel over libnats, with threads and subscriptions of its.
//
// Subscriptions live exactly as long as the connection: destroying one under traffic can crash
// (libnats 3.4.1).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "nats/channel.h"
#include "nats/libnats/dial.h"

namespace nats3::nats {

class LibnatsChannel final : public Channel {
 public:
  // As Channel::open.
  static Result<std::unique_ptr<Channel>> open(const ConnectionOptions& options,
                                               Listener& listener);
  ~LibnatsChannel() override;
  LibnatsChannel(const LibnatsChannel&) = delete;
  LibnatsChannel& operator=(const LibnatsChannel&) = delete;

  [[nodiscard]] const std::string& inbox_prefix() const override { return inbox_prefix_; }
  Result<void> publish(const OutgoingMessage& message, const std::string& reply) override;
  Result<std::uint64_t> subscribe(const std::string& subject) override;
  void unsubscribe(std::uint64_t subscription) override;
  [[nodiscard]] Result<void> status() const override;
  [[nodiscard]] std::size_t max_payload() const override { return max_payload_; }

 private:
  struct Callbacks;     // the C functions that libnats calls for the connection
  struct Subscription;  // and for a subscription

  LibnatsChannel(const ConnectionOptions& options, Listener& listener);
  Result<Dial> prepare(const ConnectionOptions& options);
  Result<void> connect(const ConnectionOptions& options);
  void refuse(const std::string& words);
  void lose(const Error& why);
  [[nodiscard]] Error loss(natsConnection* connection) const;

  const std::string where_;  // for messages
  Listener& listener_;
  std::string inbox_prefix_;
  natsConnection* connection_ = nullptr;
  std::size_t max_payload_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool opened_ = false;  // and the listener is to be told of a loss
  std::optional<Error> lost_;
  bool closed_ = false;  // the connection calls back no more
  std::uint64_t last_subscription_ = 0;
  // Ended ones too: they aren't to be freed while the connection may still look at them.
  std::map<std::uint64_t, natsSubscription*> subscriptions_;
  std::size_t live_ = 0;  // of which libnats can still call back
};

}  // namespace nats3::nats
