#include "nats/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "nats/ack_subject.h"
#include "nats/status.h"

namespace nats3::nats {
namespace {

constexpr std::chrono::milliseconds kDrainTime{2'000};
constexpr std::size_t kOnTheirWay = 32 << 20;  // bytes, half of the server's default max_pending
constexpr std::size_t kRequestsEach = 2;
constexpr std::size_t kLeastShare = 64 << 10;

}  // namespace

Result<std::shared_ptr<Link>> Link::open(const ConnectionOptions& options) {
  std::shared_ptr<Link> link(new Link());
  auto connection = Connection::open(options, Connection::Mode::kReconnect, *link);
  if (!connection) {
    return fail(connection.error());
  }
  link->connection_ = std::move(*connection);
  const std::lock_guard lock(link->mutex_);
  link->prefix_ = link->connection_->inbox_prefix();
  return link;
}

Link::~Link() {
  connection_.reset();
  for (natsSubscription* subscription : ended_) {
    natsSubscription_Destroy(subscription);
  }
}

struct Link::Callbacks {
  // What a subscription of its own calls; freed when it has ended.
  struct Closure {
    ReceiverPtr receiver;
  };

  static void message(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
    MessagePtr message(raw);
    Receiver& receiver = *static_cast<Closure*>(closure)->receiver;
    if (!ack_subject_consumer(reply_of(*message)).empty()) {
      receiver.on_delivery(std::move(message));
      return;
    }
    const std::string_view subject = subject_of(*message);
    const char* begin = subject.data() + subject.rfind('.') + 1;
    std::uint64_t token = 0;
    if (std::from_chars(begin, subject.data() + subject.size(), token).ec == std::errc{}) {
      receiver.on_answer(std::move(message), token);
    }
  }
  static void done(void* closure) { delete static_cast<Closure*>(closure); }
};

// Ends it at the server and waits until the receiver has what was on its way.
void Link::end_subscription(natsSubscription* subscription) {
  if (natsSubscription_DrainTimeout(subscription, kDrainTime.count()) == NATS_OK) {
    natsSubscription_WaitForDrainCompletion(subscription, kDrainTime.count());
  }
  natsSubscription_Unsubscribe(subscription);
}

Link::Registration Link::add(std::shared_ptr<Receiver> receiver, std::string consumer) {
  Registration registration;
  const std::lock_guard lock(mutex_);
  registration.link_ = this;
  registration.id_ = ++last_id_;
  registration.reply_prefix_ = fmt::format("{}{}.", prefix_, registration.id_);
  if (!consumer.empty()) {
    by_consumer_[consumer].push_back({registration.id_, receiver});
  }
  receivers_.emplace(registration.id_, std::move(receiver));
  registration.consumer_ = std::move(consumer);
  return registration;
}

Result<Link::Registration> Link::add_subscribed(std::shared_ptr<Receiver> receiver) {
  natsInbox* inbox = nullptr;
  if (const natsStatus made = natsInbox_Create(&inbox); made != NATS_OK) {
    return fail(to_error(made, "making an inbox"));
  }
  const std::string prefix = fmt::format("{}.", InboxPtr(inbox).get());
  auto closure = std::make_unique<Callbacks::Closure>(Callbacks::Closure{receiver});
  natsSubscription* subscription = nullptr;
  const natsStatus status =
      natsConnection_Subscribe(&subscription, connection_->handle(), (prefix + "*").c_str(),
                               Callbacks::message, closure.get());
  if (status != NATS_OK) {
    return fail(to_error(status, "subscribing to an inbox"));
  }
  natsSubscription_SetPendingLimits(subscription, -1, -1);
  const natsStatus watched =
      natsSubscription_SetOnCompleteCB(subscription, Callbacks::done, closure.get());
  static_cast<void>(closure.release());  // `done` frees it, unless nobody will call that any more
  Registration registration = add(std::move(receiver), "");
  registration.reply_prefix_ = prefix;
  registration.subscription_ = subscription;
  if (watched != NATS_OK) {
    return fail(to_error(watched, "subscribing to an inbox"));
  }
  return registration;
}

void Link::remove(const Registration& registration) {
  if (registration.subscription_ != nullptr) {
    end_subscription(registration.subscription_);
  }
  ReceiverPtr released;  // freed without the lock
  const std::lock_guard lock(mutex_);
  if (registration.subscription_ != nullptr) {
    ended_.push_back(registration.subscription_);
  }
  if (const auto found = receivers_.find(registration.id_); found != receivers_.end()) {
    released = std::move(found->second);
    receivers_.erase(found);
  }
  const auto found = by_consumer_.find(registration.consumer_);
  if (found != by_consumer_.end()) {
    std::erase_if(found->second, [&](const Place& place) { return place.id == registration.id_; });
    if (found->second.empty()) {
      by_consumer_.erase(found);
    }
  }
}

std::size_t Link::request_share() const {
  const auto sources = static_cast<std::size_t>(std::max(catching_up_.load(), 1));
  return std::max(kOnTheirWay / (kRequestsEach * sources), kLeastShare);
}

void Link::on_message(MessagePtr message) {
  const std::string_view consumer = ack_subject_consumer(reply_of(*message));
  if (consumer.empty()) {
    route_answer(std::move(message));
    return;
  }
  ReceiverPtr receiver;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_consumer_.find(consumer);
    if (found == by_consumer_.end()) {
      return;  // of a source that is gone
    }
    receiver = found->second.front().receiver;
  }
  receiver->on_delivery(std::move(message));
}

void Link::route_answer(MessagePtr message) {
  const std::string_view subject = subject_of(*message);
  ReceiverPtr receiver;
  std::uint64_t token = 0;
  {
    const std::lock_guard lock(mutex_);
    if (prefix_.empty() || !subject.starts_with(prefix_)) {
      return;
    }
    const char* end = subject.data() + subject.size();
    std::uint64_t id = 0;
    const auto first = std::from_chars(subject.data() + prefix_.size(), end, id);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.' ||
        std::from_chars(first.ptr + 1, end, token).ec != std::errc{}) {
      return;
    }
    const auto found = receivers_.find(id);
    if (found == receivers_.end()) {
      return;
    }
    receiver = found->second;
  }
  receiver->on_answer(std::move(message), token);
}

void Link::on_change() {
  std::vector<ReceiverPtr> receivers;
  {
    const std::lock_guard lock(mutex_);
    receivers.reserve(receivers_.size());
    for (const auto& [id, receiver] : receivers_) {
      receivers.push_back(receiver);
    }
  }
  for (const auto& receiver : receivers) {
    receiver->on_change();
  }
}

Link::Registration& Link::Registration::operator=(Registration&& other) noexcept {
  std::swap(link_, other.link_);
  std::swap(id_, other.id_);
  std::swap(reply_prefix_, other.reply_prefix_);
  std::swap(consumer_, other.consumer_);
  std::swap(subscription_, other.subscription_);
  return *this;
}

Link::Registration::~Registration() {
  if (link_ != nullptr) {
    link_->remove(*this);
  }
}

std::string Link::Registration::reply_subject(std::uint64_t token) const {
  return fmt::format("{}{}", reply_prefix_, token);
}

}  // namespace nats3::nats
