#include "nats/libnats_channel.h"

#include <chrono>

#include "nats/headers.h"
#include "nats/outgoing.h"
#include "nats/status.h"

namespace nats3::nats {
namespace {

constexpr std::chrono::milliseconds kDrainTime{2'000};

}  // namespace

// Freed when libnats has ended it.
struct LibnatsChannel::Subscription {
  LibnatsChannel& channel;
  std::uint64_t id;

  static void message(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
    const MessagePtr message(raw);
    const auto* self = static_cast<Subscription*>(closure);
    self->channel.pass_on(*message, self->id);
  }
  static void done(void* closure) {
    const std::unique_ptr<Subscription> self(static_cast<Subscription*>(closure));
    // Notified under the lock: the destructor may free the condition once it is released.
    const std::lock_guard lock(self->channel.mutex_);
    --self->channel.live_;
    self->channel.ended_.notify_all();
  }
};

Result<std::unique_ptr<Channel>> LibnatsChannel::open(const ConnectionOptions& options,
                                                      Channel::Listener& listener) {
  std::unique_ptr<LibnatsChannel> channel(new LibnatsChannel(listener));
  auto connection = Connection::open(options, Connection::Mode::kOnce, *channel);
  if (!connection) {
    return fail(connection.error());
  }
  channel->connection_ = std::move(*connection);
  return channel;
}

LibnatsChannel::~LibnatsChannel() {
  connection_.reset();
  {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return live_ == 0; });
  }
  for (const auto& [id, subscription] : subscriptions_) {
    natsSubscription_Destroy(subscription);
  }
}

void LibnatsChannel::pass_on(const natsMsg& message, std::uint64_t subscription) {
  if (auto view = view_of(message)) {
    view->subscription = subscription;
    listener_.on_messages({&*view, 1});
  }
}

Result<void> LibnatsChannel::publish(const OutgoingMessage& message, const std::string& reply) {
  return encode(message, reply).and_then([this](const EncodedMessage& encoded) {
    return connection_->publish(*encoded.message);
  });
}

Result<std::uint64_t> LibnatsChannel::subscribe(const std::string& subject) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = last_subscription_ + 1;
  auto closure = std::make_unique<Subscription>(Subscription{*this, id});
  natsSubscription* subscription = nullptr;
  const natsStatus made = natsConnection_Subscribe(
      &subscription, connection_->handle(), subject.c_str(), Subscription::message, closure.get());
  if (made != NATS_OK) {
    return fail(to_error(made, "subscribing to " + subject));
  }
  last_subscription_ = id;
  subscriptions_.emplace(id, subscription);
  natsSubscription_SetPendingLimits(subscription, -1, -1);
  // `done` frees it, unless nobody will call that any more.
  const natsStatus watched =
      natsSubscription_SetOnCompleteCB(subscription, Subscription::done, closure.release());
  if (watched != NATS_OK) {
    return fail(to_error(watched, "subscribing to " + subject));
  }
  ++live_;
  return id;
}

void LibnatsChannel::unsubscribe(std::uint64_t subscription) {
  natsSubscription* ended = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = subscriptions_.find(subscription);
    if (found == subscriptions_.end()) {
      return;
    }
    ended = found->second;
  }
  if (natsSubscription_DrainTimeout(ended, kDrainTime.count()) == NATS_OK) {
    natsSubscription_WaitForDrainCompletion(ended, kDrainTime.count());
  }
  natsSubscription_Unsubscribe(ended);
}

}  // namespace nats3::nats
