#include "nats/client.h"

#include <fmt/format.h>
#include <pthread.h>

#include <utility>

namespace nats3::nats {
namespace {

// A link that is lost sooner counts as one that couldn't be opened.
constexpr std::chrono::seconds kSettled{1};
// Options that can't be used are known at once, and so is NATS where it runs.
constexpr std::chrono::seconds kFirstAttempt{1};

}  // namespace

Client::Client(ConnectionOptions options)
    : options_(std::move(options)),
      failure_{ErrorCode::kUnavailable, fmt::format("no connection to NATS at {} yet: no answer",
                                                    display_urls(options_.urls))} {}

Result<std::shared_ptr<Client>> Client::make(ConnectionOptions options) {
  std::shared_ptr<Client> client(new Client(std::move(options)));
  client->thread_ = std::thread([raw = client.get()] { raw->run(); });
  pthread_setname_np(client->thread_.native_handle(), "nats3-dial");
  std::unique_lock lock(client->shared_->mutex);
  client->shared_->changed.wait_for(lock, kFirstAttempt,
                                    [&] { return client->up() || client->failing_; });
  if (client->unusable_) {
    return fail(ErrorCode::kInvalid, client->failure_.message);
  }
  return client;
}

Client::~Client() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const std::lock_guard lock(shared_->mutex);
    closing_ = true;
    shared_->changed.notify_all();
  }
  thread_.join();
}

Result<std::shared_ptr<Link>> Client::open() const {
  return Link::open(options_, [shared = shared_] {
    const std::lock_guard lock(shared->mutex);
    shared->changed.notify_all();
  });
}

void Client::run() {
  std::unique_lock lock(shared_->mutex);
  for (;;) {
    shared_->changed.wait(lock, [this] { return closing_ || !up(); });
    if (link_ && !closing_) {
      drop(lock);
    }
    if (failing_) {
      shared_->changed.wait_for(lock, backoff_.next(), [this] { return closing_; });
    }
    if (closing_) {
      return;
    }
    lock.unlock();
    auto opened = open();
    lock.lock();
    take(std::move(opened));
  }
}

void Client::drop(std::unique_lock<std::mutex>& lock) {
  auto lost = std::exchange(link_, nullptr);
  failure_ = lost->channel().status().error();
  failing_ = Clock::system().monotonic() - opened_ < kSettled;
  if (!failing_) {
    backoff_.reset();
  }
  shared_->changed.notify_all();
  lock.unlock();
  lost.reset();  // waits for its last call, which wants the mutex
  lock.lock();
}

void Client::take(Result<std::shared_ptr<Link>> opened) {
  failing_ = !opened;
  if (opened) {
    link_ = std::move(*opened);
    opened_ = Clock::system().monotonic();
  } else {
    failure_ = std::move(opened.error());
    // Once it is made its options were right; a file of theirs may come back.
    unusable_ = failure_.code == ErrorCode::kInvalid;
    failure_.code = unusable_ ? ErrorCode::kUnavailable : failure_.code;
  }
  shared_->changed.notify_all();
}

Result<void> Client::up() const { return link_ ? link_->channel().status() : fail(failure_); }

Result<std::shared_ptr<Link>> Client::link() const {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [this] { return up() || failing_ || closing_; });
  return up().map([this] { return link_; });
}

Result<void> Client::status() const {
  const std::lock_guard lock(shared_->mutex);
  return up();
}

}  // namespace nats3::nats
