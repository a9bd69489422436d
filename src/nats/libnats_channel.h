// LibnatsChannel: a Channel over libnats, with threads and subscriptions of its.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "nats/channel.h"
#include "nats/connection.h"

namespace nats3::nats {

class LibnatsChannel final : public Channel, private Connection::Listener {
 public:
  // As Channel::open.
  static Result<std::unique_ptr<Channel>> open(const ConnectionOptions& options,
                                               Channel::Listener& listener);
  ~LibnatsChannel() override;
  LibnatsChannel(const LibnatsChannel&) = delete;
  LibnatsChannel& operator=(const LibnatsChannel&) = delete;

  [[nodiscard]] const std::string& inbox_prefix() const override {
    return connection_->inbox_prefix();
  }
  Result<void> publish(const OutgoingMessage& message, const std::string& reply) override;
  Result<std::uint64_t> subscribe(const std::string& subject) override;
  void unsubscribe(std::uint64_t subscription) override;
  [[nodiscard]] Result<void> status() const override { return connection_->status(); }
  [[nodiscard]] std::size_t max_payload() const override { return connection_->max_payload(); }

 private:
  struct Subscription;  // and the C functions that libnats calls with it

  explicit LibnatsChannel(Channel::Listener& listener) : listener_(listener) {}
  void on_message(MessagePtr message) override { pass_on(*message, kInbox); }
  void on_change() override { listener_.on_lost(); }
  void pass_on(const natsMsg& message, std::uint64_t subscription);

  Channel::Listener& listener_;
  std::mutex mutex_;
  std::uint64_t last_subscription_ = kInbox;
  // Ended ones too: they aren't to be freed while the connection may still look at them (3.4.1).
  std::map<std::uint64_t, natsSubscription*> subscriptions_;
  std::size_t live_ = 0;  // of which libnats can still call back
  std::condition_variable ended_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace nats3::nats
