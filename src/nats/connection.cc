#include "nats/connection.h"

#include <fmt/format.h>

#include <utility>

#include "nats/dial.h"
#include "nats/status.h"

namespace nats3::nats {
namespace {

constexpr int kUnlimited = -1;
constexpr int kUnansweredPings = 2;
constexpr std::chrono::milliseconds kReconnectWait{250};
constexpr std::chrono::milliseconds kReconnectJitter{500};
constexpr std::chrono::milliseconds kWriteDeadline{10'000};

}  // namespace

struct Connection::Callbacks {
  static Connection& self(void* closure) { return *static_cast<Connection*>(closure); }

  static void message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    self(closure).listener_.on_message(MessagePtr(message));
  }
  static void delivery_done(void* closure) {
    Connection& connection = self(closure);
    // Notified under the lock: the destructor may free the condition once it is released.
    const std::lock_guard lock(connection.mutex_);
    connection.delivery_done_ = true;
    connection.changed_.notify_all();
  }
  static void connected(natsConnection*, void* closure) { self(closure).change(State::kUp, {}); }
  static void disconnected(natsConnection* raw, void* closure) {
    Connection& connection = self(closure);
    connection.change(State::kDown, connection.loss(raw));
  }
  static void closed(natsConnection* raw, void* closure) {
    Connection& connection = self(closure);
    connection.change(State::kClosed, connection.loss(raw));
    const std::lock_guard lock(connection.mutex_);
    connection.callbacks_done_ = true;
    connection.changed_.notify_all();
  }
  static void error(natsConnection* raw, natsSubscription*, natsStatus status, void* closure) {
    const char* text = nullptr;
    natsConnection_GetLastError(raw, &text);
    Connection& connection = self(closure);
    if (status == NATS_NOT_PERMITTED && text != nullptr) {
      const std::lock_guard lock(connection.mutex_);
      connection.last_refusal_ = text;
    } else if (status == NATS_CONNECTION_AUTH_FAILED) {
      connection.change(State::kDown, dial_error(status, text, connection.where_));
    }
  }
};

Connection::Connection(const ConnectionOptions& options, Listener& listener)
    : options_(options), where_(display_urls(options.urls)), listener_(listener) {
  why_ = {ErrorCode::kUnavailable, fmt::format("NATS at {} doesn't answer (yet)", where_)};
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options, Mode mode,
                                                     Listener& listener) {
  std::unique_ptr<Connection> connection(new Connection(options, listener));
  if (auto connected = connection->connect(mode); !connected) {
    return fail(connected.error());
  }
  return connection;
}

Result<OptionsPtr> Connection::make_options(Mode mode) {
  auto options = dial_options(options_);
  if (!options) {
    return options;
  }
  natsOptions* raw = options->get();
  OptionSetter set;
  set.check(natsOptions_SetPingInterval(raw, options_.ping_interval.count()), "ping interval");
  set.check(natsOptions_SetMaxPingsOut(raw, kUnansweredPings), "pings");
  set.check(natsOptions_SetWriteDeadline(raw, kWriteDeadline.count()), "write deadline");
  set.check(natsOptions_SetFailRequestsOnDisconnect(raw, true), "requests on disconnect");
  set.check(natsOptions_SetClosedCB(raw, Callbacks::closed, this), "closed callback");
  set.check(natsOptions_SetDisconnectedCB(raw, Callbacks::disconnected, this), "lost callback");
  set.check(natsOptions_SetErrorHandler(raw, Callbacks::error, this), "error callback");
  if (mode == Mode::kOnce) {
    set.check(natsOptions_SetAllowReconnect(raw, false), "reconnect");
  } else {
    set.check(natsOptions_SetMaxReconnect(raw, kUnlimited), "reconnects");
    set.check(natsOptions_SetReconnectWait(raw, kReconnectWait.count()), "reconnect wait");
    set.check(
        natsOptions_SetReconnectJitter(raw, kReconnectJitter.count(), kReconnectJitter.count()),
        "reconnect jitter");
    // Nothing published while away is kept: its caller was told that it failed.
    set.check(natsOptions_SetReconnectBufSize(raw, 0), "reconnect buffer");
    set.check(natsOptions_SetReconnectedCB(raw, Callbacks::connected, this), "back callback");
  }
  if (!set.result()) {
    return fail(set.result().error());
  }
  return options;
}

void Connection::set_retry(natsOptions* options) {
  natsOptions_SetRetryOnFailedConnect(options, true, Callbacks::connected, this);
}

Result<void> Connection::connect(Mode mode) {
  auto options = make_options(mode);
  if (!options) {
    return fail(options.error());
  }
  natsInbox* inbox = nullptr;
  if (const natsStatus status = natsInbox_Create(&inbox); status != NATS_OK) {
    return fail(to_error(status, "making an inbox"));
  }
  inbox_prefix_ = fmt::format("{}.", InboxPtr(inbox).get());
  natsStatus status = natsConnection_Connect(&connection_, options->get());
  if (status != NATS_OK) {
    Error why = dial_error(status, nats_GetLastError(nullptr), where_);
    if (mode == Mode::kOnce || why.code == ErrorCode::kInvalid) {
      return fail(std::move(why));
    }
    {
      const std::lock_guard lock(mutex_);
      why_ = std::move(why);
    }
    // Again, in the background; now it wouldn't say why it fails.
    set_retry(options->get());
    status = natsConnection_Connect(&connection_, options->get());
  }
  if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED) {
    return fail(dial_error(status, nats_GetLastError(nullptr), where_));
  }
  if (status == NATS_OK) {
    const std::lock_guard lock(mutex_);
    state_ = state_ == State::kConnecting ? State::kUp : state_;
  }
  status = natsConnection_Subscribe(&inbox_, connection_, (inbox_prefix_ + ">").c_str(),
                                    Callbacks::message, this);
  if (status == NATS_OK) {
    // libnats drops beyond 65,536 waiting messages by default; what is asked for bounds them here.
    natsSubscription_SetPendingLimits(inbox_, kUnlimited, kUnlimited);
    status = natsSubscription_SetOnCompleteCB(inbox_, Callbacks::delivery_done, this);
    inbox_ = status == NATS_OK ? inbox_ : nullptr;  // closed already: nobody would say it's done
  }
  const bool refused_meanwhile =
      mode == Mode::kReconnect && natsConnection_IsClosed(connection_);  // closed() will say so
  if (status != NATS_OK && !refused_meanwhile) {
    return fail(to_error(status, fmt::format("subscribing at NATS at {}", where_)));
  }
  return {};
}

Connection::~Connection() {
  if (connection_ == nullptr) {
    return;
  }
  natsConnection_Close(connection_);
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return callbacks_done_ && (delivery_done_ || inbox_ == nullptr); });
  }
  natsSubscription_Destroy(inbox_);
  natsConnection_Destroy(connection_);
}

void Connection::change(State state, Error why) {
  {
    const std::lock_guard lock(mutex_);
    disconnects_ += state_ == State::kUp && state != State::kUp ? 1 : 0;
    // libnats ends with "no server" where it had been refused.
    const bool was_refused = state_ != State::kUp && why_.code == ErrorCode::kDenied;
    state_ = state;
    why_ = was_refused && state != State::kUp ? why_ : std::move(why);
  }
  listener_.on_change();
}

Error Connection::loss(natsConnection* connection) const {
  const char* text = nullptr;
  const natsStatus status = natsConnection_GetLastError(connection, &text);
  if (status == NATS_OK) {
    return {ErrorCode::kUnavailable, fmt::format("the connection to NATS at {} was lost", where_)};
  }
  return dial_error(status, text, where_);
}

Result<void> Connection::publish(const char* subject, const char* reply, std::string_view data) {
  const auto length = static_cast<int>(data.size());
  if (auto up = status(); !up) {
    return up;
  }
  const natsStatus sent =
      reply == nullptr
          ? natsConnection_Publish(connection_, subject, data.data(), length)
          : natsConnection_PublishRequest(connection_, subject, reply, data.data(), length);
  if (sent != NATS_OK) {
    return fail(to_error(sent, fmt::format("publishing to {}", subject)));
  }
  return {};
}

Result<void> Connection::publish(natsMsg& message) {
  if (auto up = status(); !up) {
    return up;
  }
  if (const natsStatus sent = natsConnection_PublishMsg(connection_, &message); sent != NATS_OK) {
    return fail(to_error(sent, fmt::format("publishing to {}", subject_of(message))));
  }
  return {};
}

Result<MessagePtr> Connection::request(const std::string& subject, std::string_view data) {
  natsMsg* raw = nullptr;
  const natsStatus made =
      natsMsg_Create(&raw, subject.c_str(), nullptr, data.data(), static_cast<int>(data.size()));
  if (made != NATS_OK) {
    return fail(to_error(made, fmt::format("asking {}", subject)));
  }
  const MessagePtr message(raw);
  return request(*message);
}

Result<MessagePtr> Connection::request(natsMsg& message) {
  if (auto up = status(); !up) {
    return fail(up.error());
  }
  natsMsg* answer = nullptr;
  const natsStatus status =
      natsConnection_RequestMsg(&answer, connection_, &message, options_.request_timeout.count());
  if (status != NATS_OK) {
    return request_failed(status, subject_of(message));
  }
  return MessagePtr(answer);
}

Result<MessagePtr> Connection::request_failed(natsStatus status, std::string_view subject) {
  if (status == NATS_NO_RESPONDERS) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("nobody at NATS {} answers {}: is JetStream enabled there, and does "
                            "the stream exist?",
                            where_, subject));
  }
  const std::lock_guard lock(mutex_);
  if (last_refusal_.find(fmt::format("\"{}\"", subject)) != std::string::npos) {
    Error error{ErrorCode::kDenied,
                fmt::format("NATS at {} refused: {}. Give nats3's user that permission", where_,
                            std::exchange(last_refusal_, {}))};
    return fail(std::move(error));
  }
  if (status == NATS_TIMEOUT) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("NATS at {} didn't answer {} within {} ms", where_, subject,
                            options_.request_timeout.count()));
  }
  return fail(to_error(status, fmt::format("asking {} of NATS at {}", subject, where_)));
}

Result<void> Connection::flush() {
  if (auto up = status(); !up) {
    return up;
  }
  const natsStatus flushed =
      natsConnection_FlushTimeout(connection_, options_.request_timeout.count());
  if (flushed != NATS_OK) {
    return fail(to_error(flushed, fmt::format("flushing to NATS at {}", where_)));
  }
  return {};
}

std::size_t Connection::max_payload() const {
  return static_cast<std::size_t>(natsConnection_GetMaxPayload(connection_));
}

Result<void> Connection::status() const {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kUp) {
    return {};
  }
  return fail(why_);
}

std::uint64_t Connection::disconnects() const {
  const std::lock_guard lock(mutex_);
  return disconnects_;
}

bool Connection::closed() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kClosed;
}

}  // namespace nats3::nats
