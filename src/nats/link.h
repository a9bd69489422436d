// Link: a Channel that many share, for requests and for what sources receive, so that a thousand
// idle sources cost one subscription and one thread.
//
// Routing: what the server says about a request comes on the request's reply subject,
// "<inbox prefix><place>.<token>", where place 0 is the link's own. A delivered message comes under
// its own subject; its ack subject names the stream and consumer it is from.
//
// Interest in the shared inbox never ends, so pull requests of a source that is gone would go on
// taking messages. Where that matters (explicit acks: they would be missing for an ack wait), a
// source gets a subscription of its own.
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nats/channel.h"
#include "nats/mailbox.h"
#include "nats/pending_requests.h"

namespace nats3::nats {

class Link final : private Channel::Listener {
 public:
  // A mailbox's place in the routing, taken back on destruction; then nothing more is put into it.
  // With a subscription of its own, it waits (up to 2 s) for what the server had sent.
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
    std::uint64_t subscription_ = Channel::kInbox;
  };

  // `on_lost` is called once, when the channel is lost, from where its listener is. Errors: as
  // Channel::open.
  static Result<std::shared_ptr<Link>> open(const ConnectionOptions& options,
                                            std::function<void()> on_lost);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] Channel& channel() { return *channel_; }

  // Publishes a request, whose answer is then waited for. The link must outlive it. Errors: as
  // Channel::publish.
  [[nodiscard]] Result<PendingRequests::Request> send(const OutgoingMessage& message);
  // The same and the wait. The answer shows that the server has also handled what was published
  // over this channel before. Errors: as PendingRequests::Request::wait, too.
  [[nodiscard]] Result<Answer> request(const OutgoingMessage& message);

  // How many bytes one request may ask for while so many sources are catching up: a server drops a
  // client as too slow when more than 64 MB for it pile up.
  [[nodiscard]] std::size_t request_share() const;
  // A source has more waiting at the server than it asked for, or no longer.
  void add_catching_up(int change) { catching_up_ += change; }

  // `consumer`: "<stream>.<consumer>" whose deliveries go there. The link must outlive the
  // registration.
  [[nodiscard]] Registration add(std::shared_ptr<Mailbox> mailbox, std::string consumer);
  // The same with a subscription of its own, whose end the server sees. Errors: kUnavailable.
  [[nodiscard]] Result<Registration> add_subscribed(std::shared_ptr<Mailbox> mailbox);

 private:
  using MailboxPtr = std::shared_ptr<Mailbox>;
  using Mailboxes = std::unordered_map<std::uint64_t, MailboxPtr>;
  struct Place {
    std::uint64_t id;
    MailboxPtr mailbox;
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  Link(const ConnectionOptions& options, std::function<void()> on_lost);
  void remove(const Registration& registration);
  void on_messages(std::span<const MessageView> messages) override;
  void on_refused(std::string_view words) override;
  void on_lost(const Error& why) override;
  // Need mutex_. The first two return the mailbox that is to be fired, if one is.
  MailboxPtr deliver(std::span<const MessageView> run);
  MailboxPtr answer(const MessageView& message);

  const std::function<void()> on_lost_;
  PendingRequests requests_;
  std::atomic<int> catching_up_ = 0;
  std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  std::string prefix_;
  Mailboxes mailboxes_;        // by id
  Mailboxes by_subscription_;  // those with one of their own
  // Several sources of one consumer each serve; which of them gets a message doesn't matter.
  std::unordered_map<std::string, std::vector<Place>, TextHash, std::equal_to<>> by_consumer_;
  std::unique_ptr<Channel> channel_;  // last: it calls back until it is gone
};

}  // namespace nats3::nats
