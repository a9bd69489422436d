// Link: a Connection whose inbox many share, for requests whose answers nobody waits for one by
// one. An answer comes on the request's reply subject, "<inbox prefix><receiver>.<token>".
// Thread-safe. Receivers are called from libnats' threads and must be quick.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "nats/connection.h"

namespace nats3::nats {

class Link final : private Connection::Listener {
 public:
  class Receiver {
   public:
    virtual ~Receiver() = default;
    // An answer to the request that was sent with reply_subject(token).
    virtual void on_answer(MessagePtr message, std::uint64_t token) = 0;
  };

  // A receiver's place in the routing, taken back on destruction; then no call begins any more,
  // though one may be under way: it keeps the receiver alive.
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
  };

  // Errors: as Connection::open with kReconnect.
  static Result<std::shared_ptr<Link>> open(const ConnectionOptions& options);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] Connection& connection() { return *connection_; }

  // The link must outlive the registration.
  [[nodiscard]] Registration add(std::shared_ptr<Receiver> receiver);

 private:
  using ReceiverPtr = std::shared_ptr<Receiver>;

  Link() = default;
  void remove(const Registration& registration);
  void on_message(MessagePtr message) override;
  void on_change() override {}

  std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  std::string prefix_;
  std::unordered_map<std::uint64_t, ReceiverPtr> receivers_;
  // Last: it calls back until it is gone.
  std::unique_ptr<Connection> connection_;
};

}  // namespace nats3::nats
