// NatsTest: a fixture with a nats-server of its own, and what tests need to fill and alter streams
// in it, through the same API that nats3 uses.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "nats/api.h"
#include "nats/nats_broker.h"
#include "tests/support/eventually.h"
#include "tests/support/nats_server.h"

namespace nats3::test {

// A message with its own memory, comparable.
struct PlainMessage {
  std::string subject;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload;
  bool operator==(const PlainMessage&) const = default;
};

[[nodiscard]] PlainMessage plain(const archive::Message& message);

class NatsTest : public ::testing::Test {
 protected:
  NatsTest() : NatsTest(NatsServer::Options{}) {}
  explicit NatsTest(const NatsServer::Options& options);

  [[nodiscard]] nats::ConnectionOptions connection_options() const;
  // A new client and broker, for instance to act as another process.
  [[nodiscard]] std::shared_ptr<nats::Client> make_client(
      nats::Traffic traffic = nats::Traffic::kRequests) const;

  // `config` overrides {name, subjects: [name + ".>"], storage: memory}.
  void make_stream(const std::string& name, const Json& config = Json::object());
  // Publishes all and waits for the acknowledgements.
  void publish(const std::vector<PlainMessage>& messages);
  void publish_numbered(const std::string& subject, int count, std::size_t payload_size = 10);
  // Reads from `source` until `count` messages are there, in order of arrival.
  struct Received {
    std::vector<PlainMessage> messages;
    std::vector<std::uint64_t> sequences;
    std::vector<std::uint64_t> delivered;
    std::vector<std::string> ack_subjects;
    Error error;  // the one that ended it early
  };
  [[nodiscard]] static Received receive(nats::Source& source, std::size_t count,
                                        nats::FetchLimits limits = {.max_messages = 1000,
                                                                    .max_bytes = 8 << 20});
  // Fetches until an error comes.
  [[nodiscard]] static Error wait_for_error(nats::Source& source);

  NatsServer server_;
  std::shared_ptr<nats::Client> client_;
  std::shared_ptr<nats::Client> deliveries_;  // what broker_ receives messages over
  std::unique_ptr<nats::Broker> broker_;
  std::unique_ptr<nats::Api> api_;
};

}  // namespace nats3::test
