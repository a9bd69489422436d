// NatsSourceTest: a fixture that opens Sources on streams of a nats-server of its own.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>

#include "tests/integration/nats_fixture.h"

namespace nats3::test {

class NatsSourceTest : public NatsTest {
 protected:
  std::unique_ptr<nats::Source> open(nats::SourceOptions options) {
    auto source = broker_->open_source(std::move(options));
    EXPECT_TRUE(source) << source.error().message;
    return source ? std::move(*source) : nullptr;
  }
  static nats::SourceOptions plain_options(const std::string& stream) {
    return {.stream = stream, .filter_subject = stream + ".>", .consumer = "job"};
  }
  static nats::SourceOptions durable_options(const std::string& stream) {
    nats::SourceOptions options = plain_options(stream);
    options.explicit_ack = true;
    return options;
  }
  // The stream's one consumer, once the source's first request has reached it: requests and what is
  // done to it here go over different connections.
  std::string consumer_that_is_asked(const std::string& stream) {
    const auto consumers = api_->list_consumers(stream);
    EXPECT_TRUE(consumers && consumers->size() == 1);
    const std::string name = consumers->front().name;
    EXPECT_TRUE(eventually([&] {
      const auto info = api_->ask(fmt::format("CONSUMER.INFO.{}.{}", stream, name), {}, "");
      return info && info->value("num_waiting", 0) > 0;
    }));
    return name;
  }
};

}  // namespace nats3::test
