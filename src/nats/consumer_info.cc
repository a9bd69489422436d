#include "nats/consumer_info.h"

#include "nats/read_answer.h"

namespace nats3::nats {
namespace {

ConsumerConfig parse_config(const Json& config) {
  const auto time = [&](const char* key) {
    return std::chrono::nanoseconds{config.value(key, std::int64_t{0})};
  };
  ConsumerConfig parsed{.filters = config.value("filter_subjects", std::vector<std::string>{}),
                        .ack_policy = config.value("ack_policy", std::string()),
                        .deliver_policy = config.value("deliver_policy", std::string()),
                        .deliver_subject = config.value("deliver_subject", std::string()),
                        .ack_wait = time("ack_wait"),
                        .max_deliver = config.value("max_deliver", std::int64_t{-1}),
                        .headers_only = config.value("headers_only", false),
                        .max_ack_pending = config.value("max_ack_pending", std::int64_t{0}),
                        .max_batch = config.value("max_batch", std::int64_t{0}),
                        .max_bytes = config.value("max_bytes", std::int64_t{0}),
                        .max_expires = time("max_expires")};
  if (auto one = config.value("filter_subject", std::string()); !one.empty()) {
    parsed.filters.push_back(std::move(one));
  }
  return parsed;
}

}  // namespace

Result<ConsumerInfo> parse_consumer_info(const Json& answer) {
  return read_answer("consumer info", [&]() -> Result<ConsumerInfo> {
    return ConsumerInfo{
        .name = answer.at("name").get<std::string>(),
        .config = parse_config(answer.at("config")),
        .pending = answer.value("num_pending", std::uint64_t{0}),
        .unacknowledged = answer.value("num_ack_pending", std::uint64_t{0}),
        .ack_floor = answer.value("/ack_floor/stream_seq"_json_pointer, std::uint64_t{0}),
        .delivered = answer.value("/delivered/stream_seq"_json_pointer, std::uint64_t{0}),
        .paused = answer.value("paused", false)};
  });
}

}  // namespace nats3::nats
