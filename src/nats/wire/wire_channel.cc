#include "nats/wire/wire_channel.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "nats/libnats/dial.h"
#include "nats/outgoing.h"
#include "nats/refusal.h"

namespace nats3::nats {
namespace {

using std::chrono::milliseconds;

// publish() waits while so much is to be sent.
constexpr std::size_t kOutgoing = 512 << 10;
constexpr int kUnansweredPings = 2;
// After messages came. Each that goes and each acknowledgement that comes would wake it otherwise,
// and switching threads costs more than reading.
constexpr milliseconds kRest{1};
constexpr milliseconds kDrainTime{2'000};
constexpr std::size_t kLongestRefusal = 2'000;
constexpr std::string_view kPing = "PING\r\n";
constexpr std::string_view kPong = "PONG\r\n";

std::string system_text(int error) { return std::system_category().message(error); }

}  // namespace

WireChannel::WireChannel(const ConnectionOptions& options, DialedSocket socket, int wake_fd,
                         Listener& listener)
    : options_(options),
      where_(display_urls(options.urls)),
      listener_(listener),
      socket_(std::move(socket)),
      max_payload_(socket_.max_payload()),
      wake_fd_(wake_fd) {}

Result<std::unique_ptr<Channel>> WireChannel::open(const ConnectionOptions& options,
                                                   Listener& listener) {
  auto socket = DialedSocket::dial(options);
  if (!socket) {
    return fail(socket.error());
  }
  const int wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("no connection to NATS: eventfd: {}", system_text(errno)));
  }
  std::unique_ptr<WireChannel> channel(
      new WireChannel(options, std::move(*socket), wake_fd, listener));
  if (auto greeted = channel->greet(); !greeted) {
    return fail(greeted.error());
  }
  return channel;
}

WireChannel::~WireChannel() {
  if (thread_.joinable()) {
    stop_ = true;
    wake();
    thread_.join();
  }
  ::close(wake_fd_);
}

// Subscribes to the inbox, and waits until the server has understood it.
Result<void> WireChannel::greet() {
  auto prefix = make_inbox_prefix();
  if (!prefix) {
    return fail(prefix.error());
  }
  inbox_prefix_ = std::move(*prefix);
  // A server that libnats agreed on TLS with would take "SUB _" for the head of a record, and wait
  // for its 8 KB; "PONG\r", which is always allowed, has a length that ends it at once.
  outgoing_ = fmt::format("{}SUB {}> {}\r\n{}", kPong, inbox_prefix_, kInbox, kPing);
  pings_ = 1;
  next_ping_ = Clock::system().monotonic() + options_.ping_interval;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "nats3-nats");
  std::unique_lock lock(mutex_);
  opened_ = wait_for_pong(lock, 1, options_.connect_timeout);
  if (opened_) {
    const auto lost = lost_;
    lock.unlock();
    if (lost) {
      listener_.on_lost(*lost);
    }
    return {};
  }
  if (!lost_) {
    return fail(lost("it doesn't answer"));
  }
  return lost_->code == ErrorCode::kDenied ? fail(*lost_)
                                           : fail(ErrorCode::kCorrupt, lost_->message);
}

bool WireChannel::wait_for_pong(std::unique_lock<std::mutex>& lock, std::uint64_t ping,
                                milliseconds timeout) {
  changed_.wait_for(lock, timeout, [this, ping] { return pongs_ >= ping || lost_; });
  return pongs_ >= ping;
}

Result<void> WireChannel::publish(const OutgoingMessage& message, const std::string& reply) {
  if (auto fits = check_size(message, max_payload_); !fits) {
    return fits;
  }
  bool wanted = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return outgoing_.size() < kOutgoing || lost_; });
    if (lost_) {
      return fail(*lost_);
    }
    if (auto appended = append_publish(message, reply, outgoing_); !appended) {
      return appended;
    }
    wanted = std::exchange(asleep_, false) || outgoing_.size() >= kOutgoing;
  }
  if (wanted) {
    wake();
  }
  return {};
}

Result<std::uint64_t> WireChannel::subscribe(const std::string& subject) {
  bool wanted = false;
  std::uint64_t subscription = 0;
  {
    const std::lock_guard lock(mutex_);
    if (lost_) {
      return fail(*lost_);
    }
    subscription = ++last_subscription_;
    outgoing_ += fmt::format("SUB {} {}\r\n", subject, subscription);
    wanted = std::exchange(asleep_, false);
  }
  if (wanted) {
    wake();
  }
  return subscription;
}

void WireChannel::unsubscribe(std::uint64_t subscription) {
  std::unique_lock lock(mutex_);
  if (lost_) {
    return;
  }
  outgoing_ += fmt::format("UNSUB {}\r\n{}", subscription, kPing);
  const std::uint64_t ping = ++pings_;
  if (std::exchange(asleep_, false)) {
    wake();
  }
  wait_for_pong(lock, ping, kDrainTime);
}

Result<void> WireChannel::status() const {
  const std::lock_guard lock(mutex_);
  return lost_ ? fail(*lost_) : Result<void>{};
}

void WireChannel::run() {
  while (wait() == Woken::kToWork) {
    if (auto went = turn(); !went) {
      lose(went.error());
      return;
    }
  }
}

WireChannel::Woken WireChannel::wait() {
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    more = sent_ < sending_.size() || !outgoing_.empty() || pong_due_;
    asleep_ = !more;
  }
  milliseconds timeout{0};
  if (!more || blocked_) {
    const auto until_ping = next_ping_ - Clock::system().monotonic();
    timeout = std::max(std::chrono::ceil<milliseconds>(until_ping), milliseconds{0});
  }
  const auto events = static_cast<decltype(pollfd::events)>(blocked_ ? POLLIN | POLLOUT : POLLIN);
  std::array<pollfd, 2> watched{{{socket_.fd(), events, 0}, {wake_fd_, POLLIN, 0}}};
  ::poll(watched.data(), watched.size(), static_cast<int>(timeout.count()));
  {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
  }
  if (watched[1].revents != 0) {
    eventfd_t count = 0;
    ::eventfd_read(wake_fd_, &count);
  }
  return stop_ ? Woken::kToStop : Woken::kToWork;
}

void WireChannel::rest() {
  pollfd watched{wake_fd_, POLLIN, 0};  // read by the next wait()
  ::poll(&watched, 1, static_cast<int>(kRest.count()));
}

Result<void> WireChannel::turn() {
  const auto more = receive();
  if (!more) {
    return fail(more.error());
  }
  if (auto handled = handle_received(); !handled) {
    return handled;
  }
  if (auto kept = keep_alive(); !kept) {
    return kept;
  }
  if (auto sent = send(); !sent) {
    // What came before the end, such as acknowledgements and why.
    if (receive()) {
      static_cast<void>(handle_received());
    }
    return farewell_.empty() ? sent : fail(lost(farewell_));
  }
  if (!messages_.empty() && !*more && options_.traffic == Traffic::kBulk) {
    rest();
  }
  return {};
}

// True: there may be more.
Result<bool> WireChannel::receive() {
  const std::span<char> space = reader_.space();
  const ssize_t count = ::recv(socket_.fd(), space.data(), space.size(), 0);
  if (count == 0) {
    return fail(lost(farewell_.empty() ? "the server closed it" : farewell_));
  }
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      return false;
    }
    return fail(lost(farewell_.empty() ? system_text(errno) : farewell_));
  }
  unanswered_pings_ = 0;
  reader_.received(static_cast<std::size_t>(count));
  return static_cast<std::size_t>(count) == space.size();
}

// Also what came before an error: that was from a server that was well.
Result<void> WireChannel::handle_received() {
  messages_.clear();
  auto handled = handle_operations();
  if (!messages_.empty()) {
    listener_.on_messages(messages_);
  }
  for (const std::string& refused : std::exchange(refused_, {})) {
    listener_.on_refused(refused);
  }
  if (received_pongs_ > 0) {
    const std::lock_guard lock(mutex_);
    pongs_ += std::exchange(received_pongs_, 0);
    changed_.notify_all();
  }
  return handled;
}

Result<void> WireChannel::handle_operations() {
  for (;;) {
    const auto operation = reader_.next();
    if (!operation) {
      return fail(lost(operation.error().message));
    }
    if (!*operation) {
      return {};
    }
    if (auto handled = handle(**operation); !handled) {
      return handled;
    }
  }
}

Result<void> WireChannel::handle(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::kMessage:
      messages_.push_back(operation.message);
      return {};
    case Operation::Kind::kPing:
      pong_due_ = true;  // one for all that came: a server that doesn't read can't pile them up
      return {};
    case Operation::Kind::kPong:
      ++received_pongs_;
      return {};
    case Operation::Kind::kError:
      return handle_error(operation.text);
    case Operation::Kind::kOk:
    case Operation::Kind::kInfo:
      break;
  }
  return {};
}

// After most of them the server closes the connection, which would tell less.
Result<void> WireChannel::handle_error(std::string_view text) {
  const std::string_view words = text.substr(0, kLongestRefusal);
  if (words.starts_with("Permissions Violation")) {
    if (words.find(inbox_prefix_) != words.npos) {  // nothing could come back
      return fail(permission_refused(where_, words));
    }
    refused_.emplace_back(words);
    return {};
  }
  if (words.find("uthentication") != words.npos || words.find("uthorization") != words.npos) {
    return fail(login_refused(where_, words));
  }
  farewell_ = words;
  return {};
}

Result<void> WireChannel::keep_alive() {
  const MonotonicTime now = Clock::system().monotonic();
  if (now < next_ping_) {
    return {};
  }
  if (unanswered_pings_ >= kUnansweredPings) {
    return fail(lost("it doesn't answer"));
  }
  ++unanswered_pings_;
  next_ping_ = now + options_.ping_interval;
  const std::lock_guard lock(mutex_);
  outgoing_ += kPing;
  ++pings_;
  return {};
}

// What has been published until now. The rest goes with the next turn.
Result<void> WireChannel::send() {
  if (sent_ == sending_.size()) {
    sending_.clear();
    sent_ = 0;
    const std::lock_guard lock(mutex_);
    std::swap(sending_, outgoing_);
    sending_ += std::exchange(pong_due_, false) ? kPong : "";
    changed_.notify_all();
  }
  const bool was_blocked = std::exchange(blocked_, false);
  while (sent_ < sending_.size()) {
    const ssize_t count =
        ::send(socket_.fd(), sending_.data() + sent_, sending_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) {
      blocked_ = true;
      return {};
    }
    if (count < 0 && errno != EINTR) {
      return fail(lost(system_text(errno)));
    }
    sent_ += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    unanswered_pings_ = was_blocked ? 0 : unanswered_pings_;  // it reads, if slowly
  }
  return {};
}

void WireChannel::lose(const Error& why) {
  bool was_opened = false;
  {
    const std::lock_guard lock(mutex_);
    lost_ = why;
    was_opened = opened_;
    changed_.notify_all();
  }
  if (was_opened) {
    listener_.on_lost(why);
  }
}

void WireChannel::wake() const { ::eventfd_write(wake_fd_, 1); }

Error WireChannel::lost(std::string_view why) const {
  return {ErrorCode::kUnavailable,
          fmt::format("the connection to NATS at {} was lost: {}", where_, why)};
}

}  // namespace nats3::nats
