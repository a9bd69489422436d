// What every Broker and KeyValue must do: run on the real ones, over a nats-server, and on their
// in-memory twins, so that tests of jobs may trust the twins.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nats/api.h"
#include "nats/headers.h"
#include "nats/key_value.h"
#include "nats/memory/memory_broker.h"
#include "nats/memory/memory_key_value.h"
#include "nats/nats_broker.h"
#include "tests/support/eventually.h"
#include "tests/support/nats_server.h"

namespace nats3::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kAckWait{1'000};

class RealBroker {
 public:
  RealBroker() {
    nats::ConnectionOptions options;
    options.urls = {server_.url()};
    client_ = *nats::Client::make(options);
    broker_ = nats::make_broker(client_, client_);
  }
  nats::Broker& broker() { return *broker_; }
  void make_stream(const std::string& name, nats::Retention retention) {
    make_stream(name, nats::MemoryStreamOptions{.retention = retention});
  }
  void make_stream(const std::string& name, const nats::MemoryStreamOptions& options) {
    Json config{
        {"name", name},
        {"subjects", {name + ".>"}},
        {"storage", "memory"},
        {"no_ack", options.no_ack},
        {"discard", options.discard_new ? "new" : "old"},
        {"retention", options.retention == nats::Retention::kLimits ? "limits" : "workqueue"}};
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

  NatsServer server_;
  std::shared_ptr<nats::Client> client_;
  std::unique_ptr<nats::Broker> broker_;
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
      auto batch = source.fetch(
          {.max_messages = count - all.sequences.size(), .max_bytes = 1 << 20, .max_sequence = {}});
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
      auto batch = source.fetch({.max_messages = 10, .max_bytes = 1 << 20, .max_sequence = {}});
      error = batch ? Error{} : batch.error();
      return !batch;
    }));
    return error.code;
  }

  Brokers brokers_;
  std::unique_ptr<nats::Sink> sink_;
};

using Implementations = ::testing::Types<RealBroker, TwinBroker>;
TYPED_TEST_SUITE(BrokerContract, Implementations);

TYPED_TEST(BrokerContract, DescribesAStream) {
  EXPECT_EQ(this->broker().stream_info("S").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(this->broker().streams_of_subject("S.a").error().code, ErrorCode::kNotFound);
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  const auto empty = this->broker().stream_info("S");
  ASSERT_TRUE(empty);
  EXPECT_EQ(empty->last_sequence, 0U);
  EXPECT_EQ(empty->messages, 0U);
  EXPECT_THAT(empty->subjects, ElementsAre("S.>"));
  EXPECT_THAT(*this->broker().streams_of_subject("S.a"), ElementsAre("S"));
  EXPECT_THAT(*this->broker().streams_of_subject("*.a"), ElementsAre("S"));
  ASSERT_TRUE(this->publish("S.a", "1"));
  ASSERT_TRUE(this->publish("S.a", "2"));
  this->brokers_.purge_below("S", 2);
  const auto purged = this->broker().stream_info("S");
  EXPECT_EQ(purged->first_sequence, 2U);
  EXPECT_EQ(purged->last_sequence, 2U);
  EXPECT_EQ(purged->messages, 1U);
}

TYPED_TEST(BrokerContract, AStreamMadeAgainIsNew) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  ASSERT_TRUE(this->publish("S.a", "1"));
  const auto before = this->broker().stream_info("S");
  const auto source = this->open(this->options(false));
  this->brokers_.delete_stream("S");
  EXPECT_EQ(this->broker().stream_info("S").error().code, ErrorCode::kNotFound);
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  const auto after = this->broker().stream_info("S");
  EXPECT_GT(after->created, before->created);
  EXPECT_EQ(after->last_sequence, 0U);
  EXPECT_EQ(this->end_of(*source), ErrorCode::kUnavailable);
}

TYPED_TEST(BrokerContract, GivesStoredMessagesWhole) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  ASSERT_TRUE(
      this->publish("S.a", std::string_view("a\0b", 3), {{"b", "2"}, {"A", ""}, {"b", "1"}}));
  const auto stored = this->broker().get_message("S", 1);
  ASSERT_TRUE(stored) << stored.error().message;
  const archive::Message& message = stored->message();
  EXPECT_EQ(message.subject, "S.a");
  EXPECT_EQ(message.payload, std::string_view("a\0b", 3));
  EXPECT_THAT(message.headers,
              ElementsAre(archive::HeaderField{"A", ""}, archive::HeaderField{"b", "2"},
                          archive::HeaderField{"b", "1"}));
  const auto source = this->open(this->options(false));
  bool equal = false;
  EXPECT_TRUE(eventually([&] {
    auto batch = source->fetch({.max_messages = 1, .max_bytes = 1, .max_sequence = {}});
    equal = batch && !batch->empty() && batch->deliveries()[0].message == message;
    return !batch || !batch->empty();
  }));
  EXPECT_TRUE(equal) << "delivered and read are the same";
  EXPECT_EQ(this->broker().get_message("S", 2).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(this->broker().get_message("T", 1).error().code, ErrorCode::kNotFound);
}

TYPED_TEST(BrokerContract, DeliversFromTheStartSequenceOverGaps) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(this->publish("S.a", "x"));
  }
  this->brokers_.remove_message("S", 4);
  const auto source = this->open(this->options(false, 3));
  const auto received = this->receive(*source, 3);
  EXPECT_THAT(received.sequences, ElementsAre(3, 5, 6));
  EXPECT_EQ(received.pending, 0U);
  ASSERT_TRUE(this->publish("S.a", "x"));
  EXPECT_THAT(this->receive(*source, 1).sequences, ElementsAre(7));
}

TYPED_TEST(BrokerContract, DeliversHeadersAloneAndTellsHowManyThereAre) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(this->publish("S.a", "payload", {{"Nats-Msg-Id", std::to_string(i)}}));
  }
  this->brokers_.remove_message("S", 4);
  nats::SourceOptions headers = this->options(false, 3);
  headers.filter_subject = "";
  headers.headers_only = true;
  const auto source = this->open(headers);
  EXPECT_EQ(source->pending_at_open(), 3U);
  std::vector<std::string> ids;
  ASSERT_TRUE(eventually([&] {
    auto batch = source->fetch({.max_messages = 10, .max_bytes = 1 << 20, .max_sequence = {}});
    EXPECT_TRUE(batch);
    for (const auto& delivery : batch->deliveries()) {
      EXPECT_EQ(delivery.message.payload, "");
      ids.emplace_back(nats::find_header(delivery.message.headers, "Nats-Msg-Id"));
    }
    return ids.size() >= 3;
  }));
  EXPECT_THAT(ids, ElementsAre("2", "4", "5"));
  EXPECT_EQ(this->open(this->options(false, 7))->pending_at_open(), 0U);
}

TYPED_TEST(BrokerContract, AFullStreamRefusesOrDropsTheOldest) {
  this->brokers_.make_stream("S", {.retention = nats::Retention::kLimits,
                                   .max_messages = 3,
                                   .max_per_subject = 2,
                                   .discard_new = true});
  const auto info = this->broker().stream_info("S");
  EXPECT_TRUE(info->refuses_when_full);
  EXPECT_TRUE(info->acknowledges);
  EXPECT_EQ(info->max_per_subject, 2U);
  ASSERT_TRUE(this->publish("S.a", "1", {{"Nats-Msg-Id", "1"}}));
  ASSERT_TRUE(this->publish("S.b", "2", {{"Nats-Msg-Id", "2"}}));
  ASSERT_TRUE(this->publish("S.c", "3", {{"Nats-Msg-Id", "3"}}));
  EXPECT_EQ(this->publish("S.d", "4", {{"Nats-Msg-Id", "4"}}).error().code,
            ErrorCode::kUnavailable);
  this->brokers_.remove_message("S", 1);
  // What was refused isn't remembered.
  EXPECT_TRUE(this->publish("S.e", "5", {{"Nats-Expected-Last-Msg-Id", "3"}}));
  this->brokers_.make_stream("T", {.retention = nats::Retention::kLimits, .max_per_subject = 2});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(this->publish("T.a", "x"));
    ASSERT_TRUE(this->publish("T.b", "x"));
  }
  EXPECT_FALSE(this->broker().stream_info("T")->refuses_when_full);
  EXPECT_EQ(this->broker().stream_info("T")->first_sequence, 3U);
  EXPECT_EQ(this->broker().stream_info("T")->messages, 4U);
}

TYPED_TEST(BrokerContract, TellsAStreamThatDoesNotAcknowledge) {
  this->brokers_.make_stream("S", {.retention = nats::Retention::kLimits, .no_ack = true});
  EXPECT_FALSE(this->broker().stream_info("S")->acknowledges);
}

TYPED_TEST(BrokerContract, AWorkQueueRedeliversUntilAcknowledged) {
  this->brokers_.make_stream("S", nats::Retention::kWorkQueue);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(this->publish("S.a", "x"));
  }
  const auto source = this->open(this->options(true));
  const auto first = this->receive(*source, 3);
  EXPECT_THAT(first.sequences, ElementsAre(1, 2, 3));
  EXPECT_THAT(first.delivered, ElementsAre(1, 1, 1));
  ASSERT_TRUE(source->ack({first.ack_subjects[1]}));
  EXPECT_EQ(this->broker().stream_info("S")->messages, 2U);
  this->brokers_.wait_out_ack_wait();
  const auto again = this->receive(*source, 2);
  EXPECT_THAT(again.sequences, ::testing::UnorderedElementsAre(1, 3));
  EXPECT_THAT(again.delivered, ElementsAre(2, 2));
  ASSERT_TRUE(source->ack(again.ack_subjects));
  EXPECT_EQ(this->broker().stream_info("S")->messages, 0U);
}

TYPED_TEST(BrokerContract, AWorkQueueFilterBelongsToOneConsumer) {
  this->brokers_.make_stream("S", nats::Retention::kWorkQueue);
  const auto source = this->open(this->options(true));
  nats::SourceOptions other = this->options(true);
  other.consumer = "other";
  const auto refused = this->broker().open_source(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("consumer c "));
  nats::SourceOptions narrower = this->options(true);
  narrower.filter_subject = "S.a";
  EXPECT_EQ(this->broker().open_source(narrower).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(this->broker().open_source(this->options(false)).error().code, ErrorCode::kInvalid);
}

TYPED_TEST(BrokerContract, ADeletedConsumerEndsItsSource) {
  this->brokers_.make_stream("S", nats::Retention::kWorkQueue);
  const auto source = this->open(this->options(true));
  this->brokers_.delete_consumer("S", "c");
  EXPECT_EQ(this->end_of(*source), ErrorCode::kUnavailable);
}

TYPED_TEST(BrokerContract, PublishesMeetExpectationsAndIds) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  EXPECT_EQ(this->publish("S.a", "1", {{"Nats-Msg-Id", "one"}})->sequence, 1U);
  const auto repeat = this->publish("S.a", "1", {{"Nats-Msg-Id", "one"}});
  EXPECT_TRUE(repeat->duplicate);
  EXPECT_EQ(repeat->sequence, 1U);
  EXPECT_EQ(this->publish("S.a", "2", {{"Nats-Expected-Last-Sequence", "7"}}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(this->publish("S.a", "2", {{"Nats-Expected-Last-Msg-Id", "two"}}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(this->publish("S.b", "2", {{"Nats-Expected-Last-Subject-Sequence", "1"}}).error().code,
            ErrorCode::kConflict);
  EXPECT_EQ(this->publish("S.a", "2", {{"Nats-Expected-Stream", "T"}}).error().code,
            ErrorCode::kInvalid);
  EXPECT_TRUE(this->publish("S.a", "2",
                            {{"Nats-Expected-Last-Msg-Id", "one"},
                             {"Nats-Expected-Last-Sequence", "1"},
                             {"Nats-Expected-Stream", "S"}}));
  EXPECT_EQ(this->publish("T.a", "x").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(this->publish("S.>", "x").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(this->publish("S.a", std::string(2 << 20, 'x')).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(this->broker().stream_info("S")->last_sequence, 2U);
}

TYPED_TEST(BrokerContract, KeysAreSetByTheirRevision) {
  const auto kv = this->brokers_.key_value();
  EXPECT_EQ(kv->get("job.1").error().code, ErrorCode::kNotFound);
  const auto first = kv->put("job.1", "a", 0);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(kv->put("job.1", "b", 0).error().code, ErrorCode::kConflict);
  EXPECT_EQ(kv->put("job.1", "b", *first + 7).error().code, ErrorCode::kConflict);
  const auto second = kv->put("job.1", "b", *first);
  ASSERT_TRUE(second);
  EXPECT_GT(*second, *first);
  EXPECT_EQ(kv->get("job.1")->value, "b");
  EXPECT_EQ(kv->get("job.1")->revision, *second);
  EXPECT_EQ(kv->remove("job.1", *first).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(kv->remove("job.1", *second));
  EXPECT_EQ(kv->get("job.1").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(kv->put("job.1", "c", 0)) << "a removed key can be made again";
}

TYPED_TEST(BrokerContract, KeysAreListedByPrefixInOrder) {
  const auto kv = this->brokers_.key_value();
  for (const char* key : {"job.b", "job.a", "jobs.x", "lease.a", "job.c.d"}) {
    ASSERT_TRUE(kv->put(key, key, 0));
  }
  ASSERT_TRUE(kv->remove("job.b", kv->get("job.b")->revision));
  std::vector<std::string> keys;
  const auto jobs = kv->list("job.");
  ASSERT_TRUE(jobs) << jobs.error().message;
  for (const auto& entry : *jobs) {
    EXPECT_EQ(entry.value, entry.key);
    keys.push_back(entry.key);
  }
  EXPECT_THAT(keys, ElementsAre("job.a", "job.c.d"));
  EXPECT_EQ(kv->list("")->size(), 4U);
  EXPECT_EQ(kv->list("job").error().code, ErrorCode::kInvalid);
  for (const char* bad : {"", "a b", "a%b", ".a", "a.", "a..b", "a*", ">"}) {
    EXPECT_EQ(kv->put(bad, "x", 0).error().code, ErrorCode::kInvalid) << bad;
    EXPECT_EQ(kv->get(bad).error().code, ErrorCode::kInvalid) << bad;
  }
}

TYPED_TEST(BrokerContract, ChangesOfKeysAreToldOnceInOrderRemovalsToo) {
  const auto kv = this->brokers_.key_value();
  EXPECT_TRUE(kv->changes("job.", 0)->empty());
  const std::uint64_t first = *kv->put("job.a", "1", 0);
  ASSERT_TRUE(kv->put("job.b", "1", 0));
  ASSERT_TRUE(kv->put("ask.a", "not of this prefix", 0));
  ASSERT_TRUE(kv->put("job.a", "2", first));
  const auto all = kv->changes("job.", 0);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().key, "job.b");
  EXPECT_EQ(all->back().key, "job.a");
  EXPECT_EQ(all->back().value, "2");
  EXPECT_EQ(all->back().revision, kv->get("job.a")->revision);
  const std::uint64_t seen = all->back().revision;
  EXPECT_TRUE(kv->changes("job.", seen)->empty());
  ASSERT_TRUE(kv->remove("job.b", all->front().revision));
  const auto removed = kv->changes("job.", seen);
  ASSERT_EQ(removed->size(), 1U);
  EXPECT_EQ(removed->front().key, "job.b");
  EXPECT_EQ(removed->front().value, std::nullopt);
  EXPECT_GT(removed->front().revision, seen);
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(kv->put(fmt::format("job.many-{}", i), "1", 0));
    ASSERT_TRUE(kv->put(fmt::format("ask.many-{}", i), "not of this prefix", 0));
  }
  const auto many = kv->changes("job.", removed->front().revision);
  ASSERT_EQ(many->size(), 40U);
  EXPECT_EQ(many->front().key, "job.many-0");
  EXPECT_EQ(many->back().key, "job.many-39");
  EXPECT_EQ(kv->changes("job", 0).error().code, ErrorCode::kInvalid);
}

TYPED_TEST(BrokerContract, ADurableTellsUpToWhereItWasAcknowledged) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  EXPECT_EQ(this->broker().consumer_position("S", "c").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(this->broker().consumer_position("T", "c").error().code, ErrorCode::kNotFound);
  const auto source = this->open(this->options(true));
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(this->publish("S.a", "x"));
  }
  const auto received = this->receive(*source, 4);
  ASSERT_TRUE(
      source->ack({received.ack_subjects[0], received.ack_subjects[1], received.ack_subjects[3]}));
  const auto position = this->broker().consumer_position("S", "c");
  ASSERT_TRUE(position) << position.error().message;
  EXPECT_TRUE(position->explicit_ack);
  EXPECT_EQ(position->filter, this->options(true).filter_subject);
  EXPECT_EQ(position->ack_floor, 2U);
  EXPECT_EQ(position->pending, 0U);
  ASSERT_TRUE(this->publish("S.a", "x"));
  ASSERT_TRUE(this->publish("S.a", "x"));
  EXPECT_EQ(this->open(this->options(true))->pending_at_open(), 3U) << "one comes again";
  EXPECT_GT(source->max_unacknowledged(), 1'000U);
}

TYPED_TEST(BrokerContract, ADurableOfALimitsStreamIsMadeAtTheStartGiven) {
  this->brokers_.make_stream("S", nats::Retention::kLimits);
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(this->publish("S.a", "x"));
  }
  nats::SourceOptions options = this->options(true);
  options.start_sequence = 3;
  EXPECT_THAT(this->receive(*this->open(options), 2).sequences, ElementsAre(3, 4));
}

}  // namespace
}  // namespace nats3::test
