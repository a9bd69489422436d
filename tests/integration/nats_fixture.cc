#include "tests/integration/nats_fixture.h"

#include <fmt/format.h>

namespace nats3::test {

PlainMessage plain(const archive::Message& message) {
  PlainMessage copy{std::string(message.subject), {}, std::string(message.payload)};
  for (const auto& field : message.headers) {
    copy.headers.emplace_back(field.name, field.value);
  }
  return copy;
}

NatsTest::NatsTest(const NatsServer::Options& options) : server_(options) {
  client_ = make_client();
  deliveries_ = make_client(nats::Traffic::kBulk);
  broker_ = nats::make_broker(client_, deliveries_);
  api_ = std::make_unique<nats::Api>(client_);
}

nats::ConnectionOptions NatsTest::connection_options() const {
  nats::ConnectionOptions options;
  options.urls = {server_.url()};
  return options;
}

std::shared_ptr<nats::Client> NatsTest::make_client(nats::Traffic traffic) const {
  auto options = connection_options();
  options.traffic = traffic;
  auto client = nats::Client::make(options);
  if (!client) {
    ADD_FAILURE() << client.error().message;
    std::abort();
  }
  return *client;
}

void NatsTest::make_stream(const std::string& name, const Json& config) {
  Json whole{{"name", name}, {"subjects", {name + ".>"}}, {"storage", "memory"}};
  whole.update(config);
  const auto made = api_->ask("STREAM.CREATE." + name, whole, "making a stream");
  ASSERT_TRUE(made) << made.error().message;
}

void NatsTest::publish(const std::vector<PlainMessage>& messages) {
  auto sink = broker_->open_sink({});
  ASSERT_TRUE(sink) << sink.error().message;
  std::size_t sent = 0;
  std::size_t answered = 0;
  const auto take = [&] {
    for (const auto& outcome : (*sink)->take_outcomes()) {
      ASSERT_TRUE(outcome.ack) << outcome.ack.error().message;
      ++answered;
    }
  };
  while (answered < messages.size()) {
    if (sent < messages.size() && sent - answered < 1000) {
      std::vector<archive::HeaderField> headers;
      for (const auto& [name, value] : messages[sent].headers) {
        headers.push_back({name, value});
      }
      const auto published =
          (*sink)->publish({messages[sent].subject, headers, messages[sent].payload}, sent);
      ASSERT_TRUE(published) << published.error().message;
      ++sent;
      continue;
    }
    take();
    if (HasFatalFailure()) {
      return;
    }
  }
}

void NatsTest::publish_numbered(const std::string& subject, int count, std::size_t payload_size) {
  std::vector<PlainMessage> messages;
  for (int i = 0; i < count; ++i) {
    std::string payload = fmt::format("{}", i);
    payload.resize(std::max(payload.size(), payload_size), '.');
    messages.push_back({subject, {}, payload});
  }
  publish(messages);
}

NatsTest::Received NatsTest::receive(nats::Source& source, std::size_t count,
                                     nats::FetchLimits limits) {
  Received received;
  const bool all = eventually([&] {
    auto batch = source.fetch(limits);
    if (!batch) {
      received.error = batch.error();
      return true;
    }
    for (const nats::Delivery& delivery : batch->deliveries()) {
      received.messages.push_back(plain(delivery.message));
      received.sequences.push_back(delivery.message.sequence);
      received.delivered.push_back(delivery.delivered);
      received.ack_subjects.emplace_back(delivery.ack_subject);
    }
    return received.messages.size() >= count;
  });
  EXPECT_TRUE(all) << "received " << received.messages.size() << " of " << count;
  return received;
}

Error NatsTest::wait_for_error(nats::Source& source) {
  Error error;
  EXPECT_TRUE(eventually([&] {
    auto batch = source.fetch({.max_messages = 1000, .max_bytes = 1 << 20});
    if (!batch) {
      error = batch.error();
    }
    return !batch;
  }));
  return error;
}

}  // namespace nats3::test
