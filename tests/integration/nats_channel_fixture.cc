#include "tests/integration/nats_channel_fixture.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "tests/support/eventually.h"

namespace nats3::test {

void Collector::on_messages(std::span<const nats::MessageView> messages) {
  const std::lock_guard lock(mutex_);
  EXPECT_FALSE(messages.empty());
  for (const nats::MessageView& message : messages) {
    arrived_.push_back({message.subscription, std::string(message.subject),
                        std::string(message.reply), std::string(message.headers),
                        std::string(message.payload)});
  }
}

void Collector::on_refused(std::string_view text) {
  const std::lock_guard lock(mutex_);
  refusals_.emplace_back(text);
}

std::vector<std::string> Collector::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

std::size_t Collector::count() const {
  const std::lock_guard lock(mutex_);
  return arrived_.size();
}

std::vector<Collector::Arrived> Collector::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(arrived_, {});
}

Error wait_for_loss(const nats::Channel& channel) {
  EXPECT_TRUE(eventually([&] { return !channel.status(); }));
  const auto status = channel.status();
  return status ? Error{ErrorCode::kInternal, "not lost"} : status.error();
}

void publish_raw(int port, std::string_view operation) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  FakeServer::hear(fd, "\r\n");  // INFO
  FakeServer::say(
      fd, fmt::format("CONNECT {{\"headers\":true,\"verbose\":false}}\r\n{}PING\r\n", operation));
  EXPECT_THAT(FakeServer::hear(fd, "PONG"), ::testing::EndsWith("PONG"));
  ::close(fd);
}

FakeServer::FakeServer(Script script)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool listens = ::bind(listener_, raw, length) == 0 && ::listen(listener_, 10) == 0 &&
                       ::getsockname(listener_, raw, &length) == 0;
  EXPECT_TRUE(listens);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, script = std::move(script)] { run(script); });
}

FakeServer::~FakeServer() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (connection_ >= 0) {
      ::shutdown(connection_, SHUT_RDWR);
    }
  }
  thread_.join();
  ::close(listener_);
}

void FakeServer::run(const Script& script) {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    {
      const std::lock_guard lock(mutex_);
      connection_ = stopped_ ? -1 : fd;
    }
    if (fd >= 0 && connection_ >= 0) {
      script(fd);
    }
    const std::lock_guard lock(mutex_);
    connection_ = -1;
    ::close(fd);
    if (fd < 0 || stopped_) {
      return;
    }
  }
}

nats::ConnectionOptions FakeServer::options() const {
  nats::ConnectionOptions options;
  options.urls = {fmt::format("nats://127.0.0.1:{}", port_)};
  options.connect_timeout = std::chrono::milliseconds{300};
  options.ping_interval = std::chrono::milliseconds{100};
  return options;
}

void FakeServer::say(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string FakeServer::hear(int fd, std::string_view text) {
  std::string heard;
  char c = 0;
  while (!heard.ends_with(text) && ::recv(fd, &c, 1, 0) == 1) {
    heard += c;
  }
  return heard;
}

void FakeServer::log_in(int fd) {
  say(fd, kInfo);
  hear(fd, "PING\r\n");
  say(fd, "PONG\r\n");
}

std::string FakeServer::greet(int fd) {
  log_in(fd);
  const std::string subscription = hear(fd, "PING\r\n");
  say(fd, "PONG\r\n");
  const std::size_t begin = subscription.find(' ') + 1;
  return subscription.substr(begin, subscription.find('>') - begin);
}

void FakeServer::ignore(int fd) {
  pollfd watched{fd, POLLRDHUP, 0};
  ::poll(&watched, 1, -1);
}

}  // namespace nats3::test
