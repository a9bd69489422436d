// WireChannel: a Channel where libnats only dials; then nats3 reads and writes the socket itself,
// with one thread.
//
// Why: for each message sent, libnats makes and frees a hash table of its headers; each message and
// each acknowledgement is freed by its collector's thread, and each acknowledgement crosses two
// threads more. Half of a replay's time went there.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "nats/channel.h"
#include "nats/libnats/dialed_socket.h"
#include "nats/wire/operation_reader.h"

namespace nats3::nats {

class WireChannel final : public Channel {
 public:
  // Errors: as Channel::open; kCorrupt when what answers doesn't speak NATS in plain text.
  static Result<std::unique_ptr<Channel>> open(const ConnectionOptions& options,
                                               Listener& listener);
  ~WireChannel() override;
  WireChannel(const WireChannel&) = delete;
  WireChannel& operator=(const WireChannel&) = delete;

  [[nodiscard]] const std::string& inbox_prefix() const override { return inbox_prefix_; }
  Result<void> publish(const OutgoingMessage& message, const std::string& reply) override;
  Result<std::uint64_t> subscribe(const std::string& subject) override;
  void unsubscribe(std::uint64_t subscription) override;
  [[nodiscard]] Result<void> status() const override;
  [[nodiscard]] std::size_t max_payload() const override { return max_payload_; }

 private:
  enum class Woken { kToWork, kToStop };

  WireChannel(const ConnectionOptions& options, DialedSocket socket, int wake_fd,
              Listener& listener);
  Result<void> greet();

  // Of the thread.
  void run();
  Result<void> turn();
  Woken wait();
  void rest();
  Result<bool> receive();
  Result<void> handle_received();
  Result<void> handle_operations();
  Result<void> handle(const Operation& operation);
  Result<void> handle_error(std::string_view text);
  Result<void> send();
  Result<void> keep_alive();
  void lose(const Error& why);

  void wake() const;
  [[nodiscard]] Error lost(std::string_view why) const;
  // Waits until the server has answered the ping of that number.
  bool wait_for_pong(std::unique_lock<std::mutex>& lock, std::uint64_t ping,
                     std::chrono::milliseconds timeout);

  const ConnectionOptions options_;
  const std::string where_;  // for messages
  Listener& listener_;
  std::string inbox_prefix_;
  const DialedSocket socket_;
  const std::size_t max_payload_;
  const int wake_fd_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // room in outgoing_; pongs_; lost_
  std::string outgoing_;             // whole operations, not yet taken to be sent
  bool asleep_ = false;              // the thread waits, and wants to be woken when there is more
  std::uint64_t pings_ = 0;          // put into outgoing_
  std::uint64_t pongs_ = 0;          // came, and the listener has all that came before them
  std::uint64_t last_subscription_ = kInbox;
  bool opened_ = false;  // and the listener is to be told of a loss
  std::optional<Error> lost_;
  std::atomic<bool> stop_ = false;

  // Of the thread.
  OperationReader reader_;
  std::vector<MessageView> messages_;
  std::vector<std::string> refused_;  // for want of a permission
  std::uint64_t received_pongs_ = 0;
  bool pong_due_ = false;
  std::string sending_;
  std::size_t sent_ = 0;  // bytes of sending_
  bool blocked_ = false;  // the socket takes no more
  MonotonicTime next_ping_;
  int unanswered_pings_ = 0;
  std::string farewell_;  // the last error that the server told, which mostly ends it
  std::thread thread_;
};

}  // namespace nats3::nats
