#include "nats/client.h"

namespace nats3::nats {

Result<std::shared_ptr<Client>> Client::make(ConnectionOptions options) {
  std::shared_ptr<Client> client(new Client(std::move(options)));
  auto link = Link::open(client->options_);
  if (!link) {
    return fail(link.error());
  }
  client->link_ = std::move(*link);
  return client;
}

Result<std::shared_ptr<Link>> Client::link() {
  std::shared_ptr<Link> link;
  {
    const std::lock_guard lock(mutex_);
    link = link_;
  }
  if (!link->connection().closed()) {
    if (auto up = link->connection().status(); !up) {
      return fail(up.error());
    }
    return link;
  }
  const std::unique_lock opening(opening_, std::try_to_lock);
  const MonotonicTime now = Clock::system().monotonic();
  if (!opening.owns_lock() || now < next_attempt_) {
    return fail(link->connection().status().error());
  }
  next_attempt_ = now + backoff_.next();
  auto opened = Link::open(options_);
  if (!opened) {
    return fail(opened.error());
  }
  {
    const std::lock_guard lock(mutex_);
    link_ = *opened;
  }
  if (auto up = (*opened)->connection().status(); !up) {
    return fail(up.error());
  }
  backoff_.reset();
  return *opened;
}

Result<void> Client::status() const {
  std::shared_ptr<Link> link;
  {
    const std::lock_guard lock(mutex_);
    link = link_;
  }
  return link->connection().status();
}

}  // namespace nats3::nats
