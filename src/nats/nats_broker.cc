#include "nats/nats_broker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nats/api.h"
#include "nats/consumer_setup.h"
#include "nats/publisher.h"
#include "nats/pull_consumer.h"

namespace nats3::nats {
namespace {

class NatsBroker final : public Broker {
 public:
  NatsBroker(std::shared_ptr<Client> requests, std::shared_ptr<Client> deliveries)
      : api_(std::move(requests)), deliveries_(std::move(deliveries)) {}

  Result<StreamInfo> stream_info(const std::string& stream) override {
    return api_.stream_info(stream);
  }
  Result<std::vector<std::string>> streams_of_subject(const std::string& subject) override {
    return api_.streams_of_subject(subject);
  }
  Result<OwnedMessage> get_message(const std::string& stream, std::uint64_t sequence) override {
    return stored(stream, {{"seq", sequence}}, sequence);
  }
  Result<OwnedMessage> next_message(const std::string& stream, const std::string& filter,
                                    std::uint64_t from) override {
    return stored(stream, next_selector(filter, from), from);
  }
  Result<ConsumerPosition> consumer_position(const std::string& stream,
                                             const std::string& consumer) override {
    return api_.consumer_info(stream, consumer).map([](const ConsumerInfo& info) {
      return ConsumerPosition{.filter = fmt::format("{}", fmt::join(info.config.filters, ",")),
                              .explicit_ack = info.config.explicit_ack(),
                              .ack_floor = info.ack_floor,
                              .paused = info.paused,
                              .delivered = info.delivered,
                              .pending = info.pending,
                              .unacknowledged = info.unacknowledged,
                              .ack_wait = info.config.ack_wait};
    });
  }
  Result<void> delete_consumer(const std::string& stream, const std::string& consumer) override {
    return api_.delete_consumer(stream, consumer);
  }
  Result<void> prepare_consumer(const SourceOptions& options) override {
    return open_consumer(api_, options).map([](const auto&) {});
  }
  Result<std::unique_ptr<Source>> open_source(SourceOptions options) override {
    return PullConsumer::open(api_, *deliveries_, options);
  }
  Result<std::unique_ptr<Sink>> open_sink(SinkOptions options) override {
    return Publisher::open(api_.client().options(), options).map_error([](Error error) {
      // As for a Client that has been made: its options were right, a file of theirs may come back.
      error.code = error.code == ErrorCode::kInvalid ? ErrorCode::kUnavailable : error.code;
      return error;
    });
  }
  Result<void> status() const override { return api_.client().status(); }

 private:
  // The one that `selector` asks for, from sequence `from` on.
  Result<OwnedMessage> stored(const std::string& stream, const Json& selector, std::uint64_t from) {
    auto message = api_.find_message(stream, selector);
    if (!message) {
      const Error& error = message.error();
      return fail(error.code == ErrorCode::kNotFound ? ErrorCode::kUnavailable : error.code,
                  error.message);
    }
    if (!*message) {
      return fail(no_message(stream, selector));
    }
    const std::uint64_t sequence = (*message)->message().sequence;
    if (sequence < from) {
      return fail(ErrorCode::kInternal,
                  fmt::format("JetStream answered with message {} of stream {} instead of one from "
                              "{} on",
                              sequence, stream, from));
    }
    return std::move(**message);
  }

  mutable Api api_;
  std::shared_ptr<Client> deliveries_;
};

}  // namespace

std::unique_ptr<Broker> make_broker(std::shared_ptr<Client> requests,
                                    std::shared_ptr<Client> deliveries) {
  return std::make_unique<NatsBroker>(std::move(requests), std::move(deliveries));
}

}  // namespace nats3::nats
