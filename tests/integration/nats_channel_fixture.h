// What tests of channels need: a listener that keeps what arrives, and a server that isn't one.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "nats/channel.h"
#include "tests/support/certificate.h"

namespace nats3::test {

// Keeps copies. Thread-safe.
class Collector final : public nats::Channel::Listener {
 public:
  struct Arrived {
    std::uint64_t subscription;
    std::string subject;
    std::string reply;
    std::string headers;
    std::string payload;
  };

  void on_messages(std::span<const nats::MessageView> messages) override;
  void on_refused(std::string_view text) override;
  void on_lost(const Error&) override { ++losses_; }

  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::vector<Arrived> take();
  [[nodiscard]] std::vector<std::string> refusals() const;
  [[nodiscard]] int losses() const { return losses_; }

 private:
  mutable std::mutex mutex_;
  std::vector<Arrived> arrived_;
  std::vector<std::string> refusals_;
  std::atomic<int> losses_ = 0;
};

// Waits until the channel is lost, and returns why.
[[nodiscard]] Error wait_for_loss(const nats::Channel& channel);

// Sends it to the server at a port of loopback, as a client without a login, and waits until it has
// been handled.
void publish_raw(int port, std::string_view operation);

// A TCP server on a free loopback port that says what a test wants, to one connection after
// another.
class FakeServer {
 public:
  // Runs for each connection, which is closed when it returns. Its reads end when the server is
  // destroyed.
  using Script = std::function<void(int fd)>;

  explicit FakeServer(Script script);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] nats::ConnectionOptions options() const;

  // For scripts.
  static constexpr std::string_view kInfo =
      "INFO {\"server_id\":\"x\",\"version\":\"2.9.10\",\"proto\":1,\"headers\":true,"
      "\"max_payload\":1048576}\r\n";
  static void say(int fd, std::string_view text);
  // What comes up to `text` and with it, or until the other side closes.
  static std::string hear(int fd, std::string_view text);
  // INFO, and PONG to the login.
  static void log_in(int fd);
  // The same, and PONG to the subscription. Returns the inbox prefix.
  static std::string greet(int fd);
  // Reads nothing until the other side closes.
  static void ignore(int fd);

 private:
  void run(const Script& script);

  int listener_ = -1;
  int port_ = 0;
  std::mutex mutex_;
  int connection_ = -1;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace nats3::test
