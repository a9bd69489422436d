#include "nats/channel.h"

#include "nats/connection.h"
#include "nats/headers.h"
#include "nats/outgoing.h"
#include "nats/wire/wire_channel.h"

namespace nats3::nats {
namespace {

class LibnatsChannel final : public Channel, private Connection::Listener {
 public:
  explicit LibnatsChannel(Channel::Listener& listener) : listener_(listener) {}

  Result<void> connect(const ConnectionOptions& options) {
    return Connection::open(options, Connection::Mode::kOnce, *this)
        .map([this](std::unique_ptr<Connection> connection) {
          connection_ = std::move(connection);
        });
  }

  [[nodiscard]] const std::string& inbox_prefix() const override {
    return connection_->inbox_prefix();
  }
  Result<void> publish(const OutgoingMessage& message, const std::string& reply) override {
    return encode(message, reply).and_then([this](const EncodedMessage& encoded) {
      return connection_->publish(*encoded.message);
    });
  }
  [[nodiscard]] Result<void> status() const override { return connection_->status(); }
  [[nodiscard]] std::size_t max_payload() const override { return connection_->max_payload(); }

 private:
  void on_message(MessagePtr message) override {
    if (const auto view = view_of(*message)) {
      listener_.on_messages({&*view, 1});
    }
  }
  void on_change() override { listener_.on_lost(); }

  Channel::Listener& listener_;
  std::unique_ptr<Connection> connection_;  // last: it calls back until it is gone
};

}  // namespace

Result<std::unique_ptr<Channel>> Channel::open(const ConnectionOptions& options,
                                               Listener& listener) {
  if (!wants_tls(options)) {
    auto wire = WireChannel::open(options, listener);
    // Corrupt: we don't understand each other, for instance since the server demanded TLS and
    // libnats agreed to it.
    if (wire || wire.error().code != ErrorCode::kCorrupt) {
      return wire;
    }
  }
  auto channel = std::make_unique<LibnatsChannel>(listener);
  if (auto connected = channel->connect(options); !connected) {
    return fail(connected.error());
  }
  return channel;
}

}  // namespace nats3::nats
