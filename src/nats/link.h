// Link: a Connection whose inbox is shared by many receivers, so that a thousand idle sources cost
// one subscription and one thread.
//
// Routing: what the server says about a request comes on the request's reply subject,
// "<inbox prefix><receiver>.<token>". A delivered message comes under its own subject; its ack
// subject names the stream and consumer it is from.
//
// Interest in the shared inbox never ends, so pull requests of a receiver that is gone would go on
// taking messages. Where that matters (explicit acks: they would be missing for an ack wait), a
// receiver gets a subscription of its own, and a thread with it.
// Thread-safe. Receivers are called from libnats' threads and must be quick.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nats/connection.h"

namespace nats3::nats {

class Link final : private Connection::Listener {
 public:
  class Receiver {
   public:
    virtual ~Receiver() = default;
    // A message of the consumer the receiver was added for.
    virtual void on_delivery(MessagePtr message) = 0;
    // An answer to the request that was sent with reply_subject(token).
    virtual void on_answer(MessagePtr message, std::uint64_t token) = 0;
    // The connection was lost or came back.
    virtual void on_change() = 0;
  };

  // A receiver's place in the routing, taken back on destruction; then no call begins any more,
  // though one may be under way: it keeps the receiver alive. With a subscription of its own, it
  // waits (up to 2 s) for what the server had sent.
  class Registration {
   public:
    Registration() = default;
    Registration(Registration&& other) noexcept { *this = std::move(other); }
    Registration& operator=(Registration&& other) noexcept;
    ~Registration();
    // The reply subject whose answers come with `token`.
    [[nodiscard]] std::string reply_subject(std::uint64_t token) const;

   private:
    friend class Link;
    Link* link_ = nullptr;
    std::uint64_t id_ = 0;
    std::string reply_prefix_;
    std::string consumer_;
    natsSubscription* subscription_ = nullptr;
  };

  // Errors: as Connection::open with kReconnect.
  static Result<std::shared_ptr<Link>> open(const ConnectionOptions& options);
  ~Link() override;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] Connection& connection() { return *connection_; }

  // How many bytes one request may ask for while so many sources are catching up: a server drops a
  // client as too slow when more than 64 MB for it pile up.
  [[nodiscard]] std::size_t request_share() const;
  // A source has more waiting at the server than it asked for, or no longer.
  void add_catching_up(int change) { catching_up_ += change; }

  // `consumer`: "<stream>.<consumer>" whose deliveries the receiver wants, or "".
  // The link must outlive the registration.
  [[nodiscard]] Registration add(std::shared_ptr<Receiver> receiver, std::string consumer);
  // The same with a subscription of its own, whose end the server sees. Errors: kUnavailable.
  [[nodiscard]] Result<Registration> add_subscribed(std::shared_ptr<Receiver> receiver);

 private:
  using ReceiverPtr = std::shared_ptr<Receiver>;
  struct Place {
    std::uint64_t id;
    ReceiverPtr receiver;
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  struct Callbacks;  // the C functions that libnats calls

  Link() = default;
  void remove(const Registration& registration);
  static void end_subscription(natsSubscription* subscription);
  void on_message(MessagePtr message) override;
  void on_change() override;
  void route_answer(MessagePtr message);

  std::atomic<int> catching_up_ = 0;
  std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  std::string prefix_;
  std::unordered_map<std::uint64_t, ReceiverPtr> receivers_;
  // Several receivers of one consumer each serve; which of them gets a message doesn't matter.
  std::unordered_map<std::string, std::vector<Place>, TextHash, std::equal_to<>> by_consumer_;
  // Unsubscribed, but not to be freed while the connection may still look at them (libnats 3.4.1).
  std::vector<natsSubscription*> ended_;
  // Last: it calls back until it is gone.
  std::unique_ptr<Connection> connection_;
};

}  // namespace nats3::nats
