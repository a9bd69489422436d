#include "nats/libnats/libnats_channel.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "nats/libnats/message.h"
#include "nats/libnats/status.h"
#include "nats/outgoing.h"
#include "nats/refusal.h"

namespace nats3::nats {
namespace {

constexpr int kUnanswered = 2;  // pings
constexpr int kUnlimited = -1;
constexpr std::chrono::milliseconds kWriteDeadline{10'000};
constexpr std::chrono::milliseconds kDrainTime{2'000};

}  // namespace

struct LibnatsChannel::Callbacks {
  static LibnatsChannel& self(void* closure) { return *static_cast<LibnatsChannel*>(closure); }

  static void disconnected(natsConnection* raw, void* closure) {
    self(closure).lose(self(closure).loss(raw));
  }
  static void closed(natsConnection* raw, void* closure) {
    LibnatsChannel& channel = self(closure);
    channel.lose(channel.loss(raw));
    // Notified under the lock: the destructor may free the condition once it is released.
    const std::lock_guard lock(channel.mutex_);
    channel.closed_ = true;
    channel.ended_.notify_all();
  }
  static void error(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
    // This thread's, which libnats has set for this call; the connection's is the latest one.
    const char* text = nats_GetLastError(nullptr);
    if (status == NATS_NOT_PERMITTED && text != nullptr) {
      self(closure).refuse(text);
    } else if (status == NATS_CONNECTION_AUTH_FAILED) {
      self(closure).lose(dial_error(status, text, self(closure).where_));
    }
  }
};

// Freed when libnats has ended it.
struct LibnatsChannel::Subscription {
  LibnatsChannel& channel;
  std::uint64_t id;

  static void message(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
    const MessagePtr message(raw);
    const auto* self = static_cast<Subscription*>(closure);
    auto view = view_of(*message);
    if (!view) {
      return self->channel.lose(view.error());
    }
    view->subscription = self->id;
    self->channel.listener_.on_messages({&*view, 1});
  }
  static void done(void* closure) {
    const std::unique_ptr<Subscription> self(static_cast<Subscription*>(closure));
    const std::lock_guard lock(self->channel.mutex_);  // as in closed()
    --self->channel.live_;
    self->channel.ended_.notify_all();
  }
};

LibnatsChannel::LibnatsChannel(const ConnectionOptions& options, Listener& listener)
    : where_(display_urls(options.urls)), listener_(listener) {}

Result<std::unique_ptr<Channel>> LibnatsChannel::open(const ConnectionOptions& options,
                                                      Listener& listener) {
  std::unique_ptr<LibnatsChannel> channel(new LibnatsChannel(options, listener));
  auto opened = channel->connect(options).and_then([&]() -> Result<void> {
    const std::lock_guard lock(channel->mutex_);
    channel->opened_ = !channel->lost_;
    return channel->opened_ ? Result<void>{} : fail(*channel->lost_);
  });
  if (!opened) {
    return fail(opened.error());
  }
  return channel;
}

Result<Dial> LibnatsChannel::prepare(const ConnectionOptions& options) {
  auto dial = Dial::prepare(options);
  if (!dial) {
    return dial;
  }
  natsOptions* raw = dial->options();
  OptionSetter set;
  set.check(natsOptions_SetAllowReconnect(raw, false), "reconnect");
  set.check(natsOptions_SetPingInterval(raw, options.ping_interval.count()), "ping interval");
  set.check(natsOptions_SetMaxPingsOut(raw, kUnanswered), "pings");
  set.check(natsOptions_SetWriteDeadline(raw, kWriteDeadline.count()), "write deadline");
  set.check(natsOptions_SetClosedCB(raw, Callbacks::closed, this), "closed callback");
  set.check(natsOptions_SetDisconnectedCB(raw, Callbacks::disconnected, this), "lost callback");
  set.check(natsOptions_SetErrorHandler(raw, Callbacks::error, this), "error callback");
  if (!set.result()) {
    return fail(set.result().error());
  }
  return dial;
}

Result<void> LibnatsChannel::connect(const ConnectionOptions& options) {
  auto dial = prepare(options);
  if (!dial) {
    return fail(dial.error());
  }
  auto prefix = make_inbox_prefix();
  if (!prefix) {
    return fail(prefix.error());
  }
  inbox_prefix_ = std::move(*prefix);
  auto connection = dial->connect();
  if (!connection) {
    return fail(connection.error());
  }
  connection_ = *connection;
  max_payload_ = static_cast<std::size_t>(natsConnection_GetMaxPayload(connection_));
  return subscribe(inbox_prefix_ + ">").map([](std::uint64_t) {});  // the first one: kInbox
}

LibnatsChannel::~LibnatsChannel() {
  if (connection_ == nullptr) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    opened_ = false;  // what comes now is no loss
  }
  natsConnection_Close(connection_);
  {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return closed_ && live_ == 0; });
  }
  for (const auto& [id, subscription] : subscriptions_) {
    natsSubscription_Destroy(subscription);
  }
  natsConnection_Destroy(connection_);
}

void LibnatsChannel::refuse(const std::string& words) {
  if (words.find(inbox_prefix_) != words.npos) {  // nothing could come back
    return lose(permission_refused(where_, words));
  }
  listener_.on_refused(words);
}

void LibnatsChannel::lose(const Error& why) {
  {
    const std::lock_guard lock(mutex_);
    if (lost_) {
      return;
    }
    lost_ = why;
    if (!opened_) {
      return;
    }
  }
  listener_.on_lost(why);
}

Error LibnatsChannel::loss(natsConnection* connection) const {
  const char* text = nullptr;
  const natsStatus status = natsConnection_GetLastError(connection, &text);
  if (status == NATS_OK) {
    return {ErrorCode::kUnavailable, fmt::format("the connection to NATS at {} was lost", where_)};
  }
  // The text may be of an earlier error.
  return dial_error(status, status == NATS_CONNECTION_AUTH_FAILED ? text : nullptr, where_);
}

Result<void> LibnatsChannel::publish(const OutgoingMessage& message, const std::string& reply) {
  if (auto fits = check_size(message, max_payload_); !fits) {
    return fits;
  }
  if (auto up = status(); !up) {
    return up;
  }
  return encode(message, reply).and_then([&](const EncodedMessage& encoded) -> Result<void> {
    const natsStatus sent = natsConnection_PublishMsg(connection_, encoded.message.get());
    if (sent != NATS_OK) {
      return fail(to_error(sent, fmt::format("publishing to {}", message.subject)));
    }
    return {};
  });
}

// Without the lock where libnats may wait for its own, which a blocked write holds for seconds.
Result<std::uint64_t> LibnatsChannel::subscribe(const std::string& subject) {
  std::unique_lock lock(mutex_);
  if (lost_) {
    return fail(*lost_);
  }
  const std::uint64_t id = ++last_subscription_;
  lock.unlock();
  auto closure = std::make_unique<Subscription>(Subscription{*this, id});
  natsSubscription* subscription = nullptr;
  const natsStatus made = natsConnection_Subscribe(&subscription, connection_, subject.c_str(),
                                                   Subscription::message, closure.get());
  if (made != NATS_OK) {
    return fail(to_error(made, "subscribing to " + subject));
  }
  lock.lock();
  subscriptions_.emplace(id, subscription);
  ++live_;
  lock.unlock();
  // libnats drops beyond 65,536 waiting messages by default; what is asked for bounds them here.
  natsSubscription_SetPendingLimits(subscription, kUnlimited, kUnlimited);
  // `done` frees it, unless nobody will call that any more.
  const natsStatus watched =
      natsSubscription_SetOnCompleteCB(subscription, Subscription::done, closure.release());
  if (watched != NATS_OK) {
    lock.lock();
    --live_;
    return fail(to_error(watched, "subscribing to " + subject));
  }
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

Result<void> LibnatsChannel::status() const {
  const std::lock_guard lock(mutex_);
  return lost_ ? fail(*lost_) : Result<void>{};
}

}  // namespace nats3::nats
