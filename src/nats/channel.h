// Channel: a connection to NATS that never reconnects: it publishes, and receives what is sent to
// its inbox and to what else it subscribes to. Once it is lost, open another.
//
// Two implementations: WireChannel, where nats3 speaks the protocol itself, and one over libnats,
// for TLS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "nats/broker.h"
#include "nats/connection_options.h"
#include "nats/message_view.h"

namespace nats3::nats {

class Channel {
 public:
  // Called from threads of the channel, for one subscription from one of them, and while it opens
  // from the thread that opens it. Must be quick, and not subscribe, unsubscribe or destroy it.
  class Listener {
   public:
    virtual ~Listener() = default;
    // Messages in order of arrival, never none. The views are valid during the call.
    virtual void on_messages(std::span<const MessageView> messages) = 0;
    // The server refused a publish or a subscription, for want of a permission: its words, which
    // name the subject. Nothing else tells.
    virtual void on_refused(std::string_view) {}
    // The connection was lost. Once at most, and not when open() fails.
    virtual void on_lost(const Error& why) = 0;
  };

  // `listener` must outlive the channel, and can be called before this returns. Takes up to the
  // connect timeout for each server and once more; all of it twice where a server demands TLS
  // without being asked to. Errors: kUnavailable, kDenied, kInvalid (options that libnats refuses).
  static Result<std::unique_ptr<Channel>> open(const ConnectionOptions& options,
                                               Listener& listener);

  // Closes; waits until no listener call is under way or to come.
  virtual ~Channel() = default;

  // The subscription to inbox_prefix() and anything after it.
  static constexpr std::uint64_t kInbox = 1;

  // "_INBOX.<unique>.": what a reply subject must begin with to come back here.
  [[nodiscard]] virtual const std::string& inbox_prefix() const = 0;

  // Sends soon (about a millisecond), without waiting unless much is to be sent already.
  // Thread-safe. Errors: kUnavailable (lost), kInvalid (what NATS can't carry; larger than
  // max_payload()).
  [[nodiscard]] virtual Result<void> publish(const OutgoingMessage& message,
                                             const std::string& reply) = 0;

  // Also receives what is sent to `subject`. Returns the subscription. Errors: kUnavailable (lost).
  [[nodiscard]] virtual Result<std::uint64_t> subscribe(const std::string& subject) = 0;

  // Ends that at the server, and waits (up to 2 s) until the listener has what was sent before.
  virtual void unsubscribe(std::uint64_t subscription) = 0;

  // Connected, or why not any more. Thread-safe, never blocks for long.
  [[nodiscard]] virtual Result<void> status() const = 0;

  // The largest header and payload that the server takes.
  [[nodiscard]] virtual std::size_t max_payload() const = 0;
};

}  // namespace nats3::nats
