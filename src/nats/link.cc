#include "nats/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "nats/ack_subject.h"
#include "nats/libnats/dial.h"

namespace nats3::nats {
namespace {

constexpr std::size_t kOnTheirWay = 32 << 20;  // bytes, half of the server's default max_pending
constexpr std::size_t kRequestsEach = 2;
constexpr std::size_t kLeastShare = 64 << 10;
constexpr std::uint64_t kOwnPlace = 0;

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

// The number after the last dot.
std::optional<std::uint64_t> token_of(std::string_view subject) {
  return to_number(subject.substr(subject.rfind('.') + 1));
}

// What `messages` begin with of the deliveries of one consumer, or the first one alone when it
// isn't a delivery. Most come in runs, so only the first one's ack subject is looked into.
std::span<const MessageView> first_run(std::span<const MessageView> messages) {
  const MessageView& first = messages.front();
  const std::string_view consumer = ack_subject_consumer(first.reply);
  if (consumer.empty()) {
    return messages.first(1);
  }
  const auto after = static_cast<std::size_t>(consumer.data() - first.reply.data());
  const std::string_view prefix = first.reply.substr(0, after + consumer.size() + 1);
  const auto end = std::ranges::find_if_not(messages, [&](const MessageView& message) {
    return message.subscription == first.subscription && message.reply.starts_with(prefix);
  });
  return {messages.begin(), end};
}

}  // namespace

Link::Link(const ConnectionOptions& options, std::function<void()> on_lost)
    : on_lost_(std::move(on_lost)),
      requests_(display_urls(options.urls), options.request_timeout) {}

Result<std::shared_ptr<Link>> Link::open(const ConnectionOptions& options,
                                         std::function<void()> on_lost) {
  std::shared_ptr<Link> link(new Link(options, std::move(on_lost)));
  auto channel = Channel::open(options, *link);
  if (!channel) {
    return fail(channel.error());
  }
  link->channel_ = std::move(*channel);
  const std::lock_guard lock(link->mutex_);
  link->prefix_ = link->channel_->inbox_prefix();
  return link;
}

Link::Registration Link::add(std::shared_ptr<Mailbox> mailbox, std::string consumer) {
  Registration registration;
  const std::lock_guard lock(mutex_);
  registration.link_ = this;
  registration.id_ = ++last_id_;
  registration.reply_prefix_ = fmt::format("{}{}.", prefix_, registration.id_);
  by_consumer_[consumer].push_back({registration.id_, mailbox});
  mailboxes_.emplace(registration.id_, std::move(mailbox));
  registration.consumer_ = std::move(consumer);
  return registration;
}

Result<Link::Registration> Link::add_subscribed(std::shared_ptr<Mailbox> mailbox) {
  auto prefix = make_inbox_prefix();
  if (!prefix) {
    return fail(prefix.error());
  }
  Registration registration;
  registration.reply_prefix_ = std::move(*prefix);
  const auto subscription = channel_->subscribe(registration.reply_prefix_ + "*");
  if (!subscription) {
    return fail(subscription.error());
  }
  // Nothing is sent to it before its first request.
  const std::lock_guard lock(mutex_);
  registration.link_ = this;
  registration.id_ = ++last_id_;
  registration.subscription_ = *subscription;
  by_subscription_.emplace(*subscription, mailbox);
  mailboxes_.emplace(registration.id_, std::move(mailbox));
  return registration;
}

void Link::remove(const Registration& registration) {
  if (registration.subscription_ != Channel::kInbox) {
    channel_->unsubscribe(registration.subscription_);
  }
  const std::lock_guard lock(mutex_);
  mailboxes_.erase(registration.id_);
  by_subscription_.erase(registration.subscription_);
  const auto found = by_consumer_.find(registration.consumer_);
  if (found != by_consumer_.end()) {
    std::erase_if(found->second, [&](const Place& place) { return place.id == registration.id_; });
    if (found->second.empty()) {
      by_consumer_.erase(found);
    }
  }
}

Result<PendingRequests::Request> Link::send(const OutgoingMessage& message) {
  auto request = requests_.begin(message.subject);
  const std::string reply =
      fmt::format("{}{}.{}", channel_->inbox_prefix(), kOwnPlace, request.token());
  if (auto sent = channel_->publish(message, reply); !sent) {
    return fail(sent.error());
  }
  return request;
}

Result<Answer> Link::request(const OutgoingMessage& message) {
  return send(message).and_then([](PendingRequests::Request request) { return request.wait(); });
}

void Link::on_refused(std::string_view words) { requests_.refuse(words); }

std::size_t Link::request_share() const {
  const auto sources = static_cast<std::size_t>(std::max(catching_up_.load(), 1));
  return std::max(kOnTheirWay / (kRequestsEach * sources), kLeastShare);
}

Link::MailboxPtr Link::deliver(std::span<const MessageView> run) {
  const MessageView& first = run.front();
  const std::string_view consumer = ack_subject_consumer(first.reply);
  if (consumer.empty()) {
    return answer(first);
  }
  if (first.subscription != Channel::kInbox) {
    const auto found = by_subscription_.find(first.subscription);
    return found != by_subscription_.end() && found->second->deliver(run) ? found->second : nullptr;
  }
  const auto found = by_consumer_.find(consumer);
  if (found == by_consumer_.end()) {
    return nullptr;
  }
  const MailboxPtr& mailbox = found->second.front().mailbox;
  return mailbox->deliver(run) ? mailbox : nullptr;
}

Link::MailboxPtr Link::answer(const MessageView& message) {
  const auto token = token_of(message.subject);
  if (!token) {
    return nullptr;
  }
  if (message.subscription != Channel::kInbox) {
    const auto found = by_subscription_.find(message.subscription);
    return found != by_subscription_.end() && found->second->answer(message, *token) ? found->second
                                                                                     : nullptr;
  }
  if (prefix_.empty() || !message.subject.starts_with(prefix_)) {
    return nullptr;
  }
  const std::string_view rest = message.subject.substr(prefix_.size());
  const auto place = to_number(rest.substr(0, rest.find('.')));
  if (place == kOwnPlace) {
    requests_.settle(*token, message);
    return nullptr;
  }
  const auto found = place ? mailboxes_.find(*place) : mailboxes_.end();
  return found != mailboxes_.end() && found->second->answer(message, *token) ? found->second
                                                                             : nullptr;
}

void Link::on_messages(std::span<const MessageView> messages) {
  std::vector<MailboxPtr> to_fire;
  {
    const std::lock_guard lock(mutex_);
    while (!messages.empty()) {
      const auto run = first_run(messages);
      if (MailboxPtr mailbox = deliver(run)) {
        to_fire.push_back(std::move(mailbox));
      }
      messages = messages.subspan(run.size());
    }
  }
  for (const MailboxPtr& mailbox : to_fire) {
    mailbox->fire();
  }
}

void Link::on_lost(const Error& why) {
  on_lost_();  // first: another one is dialed while sources are told
  requests_.lose(why);
  std::vector<MailboxPtr> to_fire;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, mailbox] : mailboxes_) {
      if (mailbox->change()) {
        to_fire.push_back(mailbox);
      }
    }
  }
  for (const MailboxPtr& mailbox : to_fire) {
    mailbox->fire();
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
