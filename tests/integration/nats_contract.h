// What every Broker and KeyValue must do: run on the real ones, over a nats-server, and on their
// in-memory twins, so that tests of jobs may trust the twins.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "nats/api.h"
#include "nats/key_value.h"
#include "nats/memory/memory_broker.h"
#include "nats/memory/memory_key_value.h"
#include "nats/nats_broker.h"
#include "tests/support/eventually.h"
#include "tests/support/nats_server.h"

namespace nats3::test {

inline constexpr std::chrono::milliseconds kAckWait{1'000};

class RealBroker {
 public:
  RealBroker() : RealBroker("", std::make_unique<NatsServer>()) {}
  // `domain`: of JetStream, from there on.
  RealBroker(const std::string& domain, std::unique_ptr<NatsServer> server)
      : server_(std::move(server)) {
    nats::ConnectionOptions options;
    options.urls = {server_->url()};
    options.domain = domain;
    client_ = *nats::Client::make(options);
    broker_ = nats::make_broker(client_, client_);
  }
  nats::Broker& broker() { return *broker_; }
  void make_stream(const std::string& name, nats::Retention retention) {
    make_stream(name, nats::MemoryStreamOptions{.retention = retention});
  }
  void make_stream(const std::string& name, const nats::MemoryStreamOptions& options) {
    Json config{{"name", name},
                {"subjects", {name + ".>"}},
                {"storage", "memory"},
                {"no_ack", options.no_ack},
                {"discard", options.discard_new ? "new" : "old"},
                {"retention", options.retention == nats::Retention::kLimits      ? "limits"
                              : options.retention == nats::Retention::kWorkQueue ? "workqueue"
                                                                                 : "interest"}};
    if (options.max_messages > 0) {
      config["max_msgs"] = options.max_messages;
    }
    if (options.max_per_subject > 0) {
      config["max_msgs_per_subject"] = options.max_per_subject;
    }
    ask("STREAM.CREATE." + name, config);
  }
  void delete_stream(const std::string& name) { ask("STREAM.DELETE." + name, Json::object()); }
  void purge_below(const std::string& name, std::uint64_t sequence) {
    ask("STREAM.PURGE." + name, {{"seq", sequence}});
  }
  void remove_message(const std::string& name, std::uint64_t sequence) {
    ask("STREAM.MSG.DELETE." + name, {{"seq", sequence}});
  }
  void delete_consumer(const std::string& stream, const std::string& consumer) {
    ask("CONSUMER.DELETE." + stream + "." + consumer, Json::object());
  }
  std::unique_ptr<nats::KeyValue> key_value() { return *nats::make_key_value(client_, "B", {}); }
  void wait_out_ack_wait() { std::this_thread::sleep_for(kAckWait); }

 private:
  void ask(const std::string& verb, const Json& body) {
    nats::Api api(client_);
    const auto answer = api.ask(verb, body, verb);
    EXPECT_TRUE(answer) << answer.error().message;
  }

  std::unique_ptr<NatsServer> server_;
  std::shared_ptr<nats::Client> client_;
  std::unique_ptr<nats::Broker> broker_;
};

// JetStream of a leaf node, in a domain of its own, from the hub, which has another one.
class LeafBroker : public RealBroker {
 public:
  LeafBroker() : LeafBroker(free_port()) {}

 private:
  explicit LeafBroker(int leaf_port)
      : RealBroker("edge", std::make_unique<NatsServer>(NatsServer::Options{
                               .extra_config =
                                   fmt::format("leafnodes {{listen: \"127.0.0.1:{}\"}}", leaf_port),
                               .domain = "hub"})),
        leaf_(NatsServer::Options{
            .extra_config =
                fmt::format("leafnodes {{remotes: [{{url: \"nats://127.0.0.1:{}\"}}]}}", leaf_port),
            .domain = "edge"}) {
    EXPECT_TRUE(eventually([&] { return !is_away(broker().stream_info("none").error()); }));
  }
  static bool is_away(const Error& error) { return error.code == ErrorCode::kUnavailable; }

  NatsServer leaf_;
};

class TwinBroker {
 public:
  nats::Broker& broker() { return broker_; }
  void make_stream(const std::string& name, nats::Retention retention) {
    make_stream(name, nats::MemoryStreamOptions{.retention = retention});
  }
  void make_stream(const std::string& name, nats::MemoryStreamOptions options) {
    clock_.advance(std::chrono::seconds{1});
    options.subjects = {name + ".>"};
    broker_.make_stream(name, std::move(options));
  }
  void delete_stream(const std::string& name) { broker_.delete_stream(name); }
  void purge_below(const std::string& name, std::uint64_t sequence) {
    broker_.purge_below(name, sequence);
  }
  void remove_message(const std::string& name, std::uint64_t sequence) {
    broker_.remove_message(name, sequence);
  }
  void delete_consumer(const std::string& stream, const std::string& consumer) {
    broker_.delete_consumer(stream, consumer);
  }
  std::unique_ptr<nats::KeyValue> key_value() {
    return std::make_unique<nats::MemoryKeyValue>(bucket_);
  }
  void wait_out_ack_wait() { clock_.advance(kAckWait); }

 private:
  ManualClock clock_;
  nats::MemoryBroker broker_{clock_};
  std::shared_ptr<nats::MemoryBucket> bucket_ = std::make_shared<nats::MemoryBucket>(clock_);
};

template <typename Brokers>
class BrokerContract : public ::testing::Test {
 protected:
  nats::Broker& broker() { return brokers_.broker(); }

  Result<nats::PublishAck> publish(std::string_view subject, std::string_view payload,
                                   std::vector<archive::HeaderField> headers = {}) {
    if (!sink_) {
      sink_ = *broker().open_sink({});
    }
    const auto sent = sink_->publish({subject, headers, payload}, 1);
    if (!sent) {
      return fail(sent.error());
    }
    Result<nats::PublishAck> ack = fail(ErrorCode::kInternal, "no outcome");
    EXPECT_TRUE(eventually([&] {
      const auto outcomes = sink_->take_outcomes();
      if (!outcomes.empty()) {
        ack = outcomes.front().ack;
      }
      return !outcomes.empty();
    }));
    return ack;
  }
  // Publishes `count` messages to "S.a".
  void fill(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(publish("S.a", "x"));
    }
  }
  std::unique_ptr<nats::Source> open(nats::SourceOptions options) {
    auto source = broker().open_source(std::move(options));
    EXPECT_TRUE(source) << source.error().message;
    return source ? std::move(*source) : nullptr;
  }
  static nats::SourceOptions options(bool explicit_ack, std::uint64_t start = 1) {
    return {.stream = "S",
            .filter_subject = "S.>",
            .consumer = "c",
            .explicit_ack = explicit_ack,
            .start_sequence = start,
            .ack_wait = kAckWait};
  }

  struct Received {
    std::vector<std::uint64_t> sequences;
    std::vector<std::uint64_t> delivered;
    std::vector<std::string> ack_subjects;
    std::uint64_t pending = 0;
  };
  static Received receive(nats::Source& source, std::size_t count) {
    Received all;
    EXPECT_TRUE(eventually([&] {
      auto batch =
          source.fetch({.max_messages = count - all.sequences.size(), .max_bytes = 1 << 20});
      if (!batch) {
        ADD_FAILURE() << batch.error().message;
        return true;
      }
      for (const auto& delivery : batch->deliveries()) {
        all.sequences.push_back(delivery.message.sequence);
        all.delivered.push_back(delivery.delivered);
        all.ack_subjects.emplace_back(delivery.ack_subject);
        all.pending = delivery.pending;
      }
      return all.sequences.size() >= count;
    }));
    return all;
  }
  static ErrorCode end_of(nats::Source& source) {
    Error error;
    EXPECT_TRUE(eventually([&] {
      auto batch = source.fetch({.max_messages = 10, .max_bytes = 1 << 20});
      error = batch ? Error{} : batch.error();
      return !batch;
    }));
    return error.code;
  }

  Brokers brokers_;
  std::unique_ptr<nats::Sink> sink_;
};

using Implementations = ::testing::Types<RealBroker, LeafBroker, TwinBroker>;
TYPED_TEST_SUITE(BrokerContract, Implementations);

}  // namespace nats3::test
