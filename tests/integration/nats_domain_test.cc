// JetStream in a domain that isn't the server's. That all of it works there is told by the contract
// that LeafBroker has to keep.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/nats_contract.h"

namespace nats3::test {
namespace {

using ::testing::HasSubstr;

class NatsDomainTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::shared_ptr<nats::Client> client(const std::string& domain) const {
    nats::ConnectionOptions options;
    options.urls = {hub_.url()};
    options.domain = domain;
    return *nats::Client::make(options);
  }
  // Stream "S" of "S.>", once the domain is there.
  void make_stream(const std::string& domain) const {
    nats::Api api(client(domain));
    const Json config{{"name", "S"}, {"subjects", {"S.>"}}, {"storage", "memory"}};
    ASSERT_TRUE(eventually([&] { return api.ask("STREAM.CREATE.S", config, "S").has_value(); }));
  }
  // To "S.a", by a client of `by`, for the stream in `domain`.
  [[nodiscard]] nats::PublishAck publish(const std::string& by, const std::string& domain) const {
    const auto sink = *nats::make_broker(client(by), client(by))->open_sink({.domain = domain});
    EXPECT_TRUE(sink->publish({"S.a", {}, "x"}, 1));
    std::vector<nats::PublishOutcome> outcomes;
    EXPECT_TRUE(eventually([&] {
      outcomes = sink->take_outcomes();
      return !outcomes.empty();
    }));
    return *outcomes.at(0).ack;
  }

  const int leaf_port_ = free_port();
  NatsServer hub_{
      {.extra_config = fmt::format("leafnodes {{listen: \"127.0.0.1:{}\"}}", leaf_port_),
       .domain = "hub"}};
  NatsServer leaf_{{.extra_config = fmt::format(
                        "leafnodes {{remotes: [{{url: \"nats://127.0.0.1:{}\"}}]}}", leaf_port_),
                    .domain = "edge"}};
};

// Both domains store the message, and the one that wasn't meant acknowledges it sooner.
TEST_F(NatsDomainTest, AnAcknowledgementFromAnotherDomainIsNone) {
  make_stream("hub");
  EXPECT_EQ(publish("hub", "hub").sequence, 1U);
  EXPECT_EQ(publish("", "hub").sequence, 2U) << "the server's own";
  make_stream("edge");
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
    const nats::PublishAck ack = publish("edge", "edge");
    EXPECT_EQ(ack.domain, "edge");
    EXPECT_EQ(ack.sequence, sequence);
  }
  EXPECT_EQ(publish("", "hub").sequence, 8U);
}

TEST_F(NatsDomainTest, AStreamTellsItsDomain) {
  make_stream("hub");
  make_stream("edge");
  EXPECT_EQ(nats::Api(client("")).stream_info("S")->domain, "hub");
  EXPECT_EQ(nats::Api(client("edge")).stream_info("S")->domain, "edge");
}

// What is acknowledged in one would be removed from the other's work queue.
TEST_F(NatsDomainTest, ANamesakeOfTheConsumerInTheServersOwnDomainIsRefused) {
  make_stream("hub");
  make_stream("edge");
  const auto options = [](const std::string& consumer) {
    return nats::SourceOptions{
        .stream = "S", .filter_subject = "S.>", .consumer = consumer, .explicit_ack = true};
  };
  const auto hub = nats::make_broker(client(""), client(""));
  const auto edge = nats::make_broker(client("edge"), client("edge"));
  EXPECT_TRUE(edge->open_source(options("c")));
  EXPECT_TRUE(hub->open_source(options("d")));
  EXPECT_TRUE(edge->open_source(options("c"))) << "once more";
  const auto namesake = edge->open_source(options("d"));
  ASSERT_FALSE(namesake);
  EXPECT_EQ(namesake.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(namesake.error().message, HasSubstr("stream S with a consumer d"));
  const auto own = nats::make_broker(client("hub"), client("hub"));
  EXPECT_TRUE(own->open_source(options("d"))) << "the server's own, by its name";
}

// Which the servers keep to themselves under their plain subjects.
TEST_F(NatsDomainTest, AKeyValueBucketIsPublishedInto) {
  make_stream("edge");  // once it is there
  const auto kv = nats::make_key_value(client("edge"), "B", {});
  ASSERT_TRUE(kv) << kv.error().message;
  const auto sink =
      *nats::make_broker(client("edge"), client("edge"))->open_sink({.domain = "edge"});
  ASSERT_TRUE(sink->publish({"$KV.B.a", {}, "x"}, 1));
  std::vector<nats::PublishOutcome> outcomes;
  ASSERT_TRUE(eventually([&] {
    outcomes = sink->take_outcomes();
    return !outcomes.empty();
  }));
  ASSERT_TRUE(outcomes[0].ack) << outcomes[0].ack.error().message;
  EXPECT_EQ((*kv)->get("a")->value, "x");
}

TEST_F(NatsDomainTest, ADomainThatIsNotThereIsNamed) {
  nats::Api api(client("elsewhere"));
  const auto info = api.stream_info("S");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(info.error().message, HasSubstr("$JS.elsewhere.API.STREAM.INFO.S"));
}

}  // namespace
}  // namespace nats3::test
