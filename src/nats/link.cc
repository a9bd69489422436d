#include "nats/link.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace nats3::nats {

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

Link::Registration Link::add(std::shared_ptr<Receiver> receiver) {
  Registration registration;
  const std::lock_guard lock(mutex_);
  registration.link_ = this;
  registration.id_ = ++last_id_;
  registration.reply_prefix_ = fmt::format("{}{}.", prefix_, registration.id_);
  receivers_.emplace(registration.id_, std::move(receiver));
  return registration;
}

void Link::remove(const Registration& registration) {
  ReceiverPtr released;  // freed without the lock
  const std::lock_guard lock(mutex_);
  if (const auto found = receivers_.find(registration.id_); found != receivers_.end()) {
    released = std::move(found->second);
    receivers_.erase(found);
  }
}

void Link::on_message(MessagePtr message) {
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

Link::Registration& Link::Registration::operator=(Registration&& other) noexcept {
  std::swap(link_, other.link_);
  std::swap(id_, other.id_);
  std::swap(reply_prefix_, other.reply_prefix_);
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
