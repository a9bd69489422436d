#include "nats/publisher.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "nats/pub_ack.h"
#include "nats/refusal.h"

namespace nats3::nats {

Result<std::unique_ptr<Publisher>> Publisher::open(const ConnectionOptions& connection,
                                                   const SinkOptions& options) {
  std::unique_ptr<Publisher> publisher(new Publisher(connection, options));
  ConnectionOptions bulk = connection;
  bulk.traffic = Traffic::kBulk;
  auto opened = Channel::open(bulk, *publisher);
  if (!opened) {
    return fail(opened.error());
  }
  publisher->channel_ = std::move(*opened);
  return publisher;
}

Publisher::~Publisher() { ready_.set(nullptr); }

Result<void> Publisher::publish(const OutgoingMessage& message, std::uint64_t token) {
  const auto number = begin(token);
  if (!number) {
    return fail(number.error());
  }
  OutgoingMessage addressed = message;
  std::string subject;
  if (!kv_prefix_.empty() && message.subject.starts_with("$KV.")) {
    subject = fmt::format("{}{}", kv_prefix_, message.subject);
    addressed.subject = subject;
  }
  auto sent = channel_->publish(addressed, fmt::format("{}{}", channel_->inbox_prefix(), *number));
  if (!sent) {
    take_back(*number);
  }
  return sent;
}

Result<std::uint64_t> Publisher::begin(std::uint64_t token) {
  const MonotonicTime deadline = Clock::system().monotonic() + options_.ack_timeout;
  const std::lock_guard lock(mutex_);
  if (refused_) {
    return fail(*refused_);
  }
  in_flight_.push_back({token, deadline});
  return first_number_ + in_flight_.size() - 1;
}

void Publisher::take_back(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (number >= first_number_ && number - first_number_ < in_flight_.size()) {
    in_flight_[number - first_number_].answered = true;
  }
}

void Publisher::on_messages(std::span<const MessageView> messages) {
  bool fire = false;
  {
    const std::lock_guard lock(mutex_);
    for (const MessageView& message : messages) {
      take(message);
    }
    fire = !outcomes_.empty() && std::exchange(armed_, false);
  }
  if (fire) {
    ready_.fire();
  }
}

void Publisher::take(const MessageView& answer) {
  const std::string_view subject = answer.subject;
  const char* begin = subject.data() + subject.rfind('.') + 1;
  std::uint64_t number = 0;
  if (std::from_chars(begin, subject.data() + subject.size(), number).ec != std::errc{} ||
      number < first_number_ || number - first_number_ >= in_flight_.size()) {
    return;
  }
  InFlight& sent = in_flight_[number - first_number_];
  if (sent.answered) {
    return;
  }
  auto ack = read_pub_ack(answer);
  if (ack && options_.domain && ack->domain != *options_.domain) {
    return;  // another domain has a stream of that subject, too
  }
  sent.answered = true;
  outcomes_.push_back({sent.token, std::move(ack)});
  while (!in_flight_.empty() && in_flight_.front().answered) {
    in_flight_.pop_front();
    ++first_number_;
  }
}

void Publisher::on_refused(std::string_view text) {
  {
    const std::lock_guard lock(mutex_);
    refused_ = permission_refused(where_, text);
    armed_ = false;
  }
  ready_.fire();
}

void Publisher::on_lost(const Error&) {
  {
    const std::lock_guard lock(mutex_);
    armed_ = false;
  }
  ready_.fire();
}

std::vector<PublishOutcome> Publisher::take_outcomes() {
  const MonotonicTime now = Clock::system().monotonic();
  const Result<void> usable = this->usable();
  const std::lock_guard lock(mutex_);
  give_up(now, usable);
  armed_ = outcomes_.empty();
  return std::exchange(outcomes_, {});
}

void Publisher::give_up(MonotonicTime now, const Result<void>& usable) {
  // Deadlines are in the order of numbers.
  while (!in_flight_.empty()) {
    const InFlight& oldest = in_flight_.front();
    if (!oldest.answered) {
      if (!usable) {
        outcomes_.push_back({oldest.token, fail(usable.error())});
      } else if (oldest.deadline <= now) {
        outcomes_.push_back(
            {oldest.token, fail(ErrorCode::kUnavailable,
                                fmt::format("no acknowledgement came within {} ms: the message may "
                                            "be stored or not",
                                            options_.ack_timeout.count()))});
      } else {
        return;
      }
    }
    in_flight_.pop_front();
    ++first_number_;
  }
}

Result<void> Publisher::flush() {
  // The channel sends within a millisecond; a round trip here would only hold up the next
  // window. What counts is whether there is somebody to send to.
  return usable();
}

Result<void> Publisher::usable() const {
  {
    const std::lock_guard lock(mutex_);
    if (refused_) {
      return fail(*refused_);
    }
  }
  return channel_->status();
}

void Publisher::on_ready(std::function<void()> callback) { ready_.set(std::move(callback)); }

}  // namespace nats3::nats
