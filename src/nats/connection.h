// Connection: one connection to NATS with one wildcard subscription for everything sent back to it.
//
// Why one: libnats spends a thread on each asynchronous subscription, and destroying one under
// traffic can crash (3.4.1); here the subscription lives exactly as long as the connection.
// Thread-safe. Listener calls come from libnats' threads: messages from one, changes from another.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "nats/connection_options.h"
#include "nats/handles.h"

namespace nats3::nats {

class Connection {
 public:
  enum class Mode {
    kReconnect,  // comes back by itself, also when the server is away at the start
    kOnce,       // open() fails without a server; the first loss is the end of it
  };

  class Listener {
   public:
    virtual ~Listener() = default;
    // A message for a subject that begins with inbox_prefix(), or a delivery requested with one.
    virtual void on_message(MessagePtr message) = 0;
    // status(), disconnects() or closed() changed.
    virtual void on_change() = 0;
  };

  // `listener` must outlive the connection. Takes up to the connect timeout for each server.
  // Errors: kInvalid (options libnats refuses, which the message names); with kOnce also
  // kUnavailable and kDenied.
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options, Mode mode,
                                                  Listener& listener);

  // Closes, waits until no listener call is under way or to come, then frees. Not from a listener.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // "_INBOX.<unique>.": what a reply subject must begin with to come back here.
  [[nodiscard]] const std::string& inbox_prefix() const { return inbox_prefix_; }

  // For subscriptions beside the inbox, which must end with or before the connection.
  [[nodiscard]] natsConnection* handle() { return connection_; }

  // Queues a message in libnats' buffer. Strings end with a zero, as C wants them; `reply` may be
  // nullptr. Errors: kUnavailable when not connected (nothing is kept for later), kInvalid.
  [[nodiscard]] Result<void> publish(const char* subject, const char* reply, std::string_view data);
  [[nodiscard]] Result<void> publish(natsMsg& message);

  // Sends and waits for the one answer. Errors: kUnavailable (not connected, no answer in time, or
  // nobody listens there), kDenied (the server said that we may not publish to it), kInvalid.
  [[nodiscard]] Result<MessagePtr> request(const std::string& subject, std::string_view data);
  [[nodiscard]] Result<MessagePtr> request(natsMsg& message);

  // Waits until the server has everything published so far. Errors: kUnavailable.
  [[nodiscard]] Result<void> flush();

  // The largest header and payload the server takes. 0 before the first connect.
  [[nodiscard]] std::size_t max_payload() const;

  // Connected, or why not. Never blocks for long.
  [[nodiscard]] Result<void> status() const;
  // How often the connection was lost.
  [[nodiscard]] std::uint64_t disconnects() const;
  // Lost for good: open another.
  [[nodiscard]] bool closed() const;

 private:
  struct Callbacks;  // the C functions that libnats calls
  enum class State { kConnecting, kUp, kDown, kClosed };

  Connection(const ConnectionOptions& options, Listener& listener);
  Result<OptionsPtr> make_options(Mode mode);
  Result<void> connect(Mode mode);
  void change(State state, Error why);
  Result<MessagePtr> request_failed(natsStatus status, std::string_view subject);
  void set_retry(natsOptions* options);
  Error loss(natsConnection* connection) const;

  const ConnectionOptions options_;
  const std::string where_;  // for messages
  Listener& listener_;
  std::string inbox_prefix_;
  natsConnection* connection_ = nullptr;
  natsSubscription* inbox_ = nullptr;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kConnecting;
  Error why_;                 // when not kUp
  std::string last_refusal_;  // the server's latest permissions violation
  std::uint64_t disconnects_ = 0;
  bool callbacks_done_ = false;
  bool delivery_done_ = false;
};

}  // namespace nats3::nats
