#include "nats/consumer_setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/subject.h"
#include "base/time_text.h"
#include "base/uuid.h"
#include "nats/missing_sequences.h"

namespace nats3::nats {
namespace {

// How long an abandoned consumer stays: longer than a source that waits for a slow object store
// goes without a request, short enough that a crash leaves nothing for long.
constexpr std::chrono::nanoseconds kInactiveThreshold = std::chrono::minutes{5};
constexpr std::string_view kEverything = ">";

std::string name_of_job(const SourceOptions& options) {
  return fmt::format("stream {}, subject {}", options.stream, options.filter_subject);
}

Json base_config(const SourceOptions& options) {
  Json config{{"replay_policy", "instant"}};
  if (!options.filter_subject.empty() && options.filter_subject != kEverything) {
    config["filter_subject"] = options.filter_subject;
  }
  return config;
}

bool selects_many(std::string_view filter) {
  return filter.empty() || filter.find_first_of("*>") != std::string_view::npos;
}

void add_start(Json& config, const SourceOptions& options) {
  if (options.start_sequence > 1) {
    config["deliver_policy"] = "by_start_sequence";
    config["opt_start_seq"] = options.start_sequence;
  } else {
    config["deliver_policy"] = "all";
  }
}

OpenConsumer opened(const SourceOptions& options, const ConsumerInfo& info) {
  const ConsumerConfig& config = info.config;
  const auto limit = [](std::int64_t value) {
    return value > 0 ? static_cast<std::size_t>(value) : SIZE_MAX;
  };
  return {.stream = options.stream,
          .name = info.name,
          .explicit_ack = options.explicit_ack,
          .max_unacknowledged = options.explicit_ack ? limit(config.max_ack_pending) : SIZE_MAX,
          .pending = info.pending,
          .max_request_messages = limit(config.max_batch),
          .max_request_bytes = limit(config.max_bytes),
          .max_request_wait = config.max_expires.count() > 0 ? config.max_expires
                                                             : std::chrono::nanoseconds::max()};
}

Result<OpenConsumer> make_fresh(Api& api, const SourceOptions& options) {
  const std::string name = fmt::format("{}-{}", options.consumer, make_uuid().substr(0, 13));
  Json config = base_config(options);
  config["name"] = name;
  config["ack_policy"] = "none";
  config["mem_storage"] = true;
  config["inactive_threshold"] = kInactiveThreshold.count();
  if (options.headers_only) {
    config["headers_only"] = true;
  }
  add_start(config, options);
  auto answer = api.ask(fmt::format("CONSUMER.CREATE.{}.{}", options.stream, name),
                        {{"stream_name", options.stream}, {"config", config}},
                        fmt::format("making a consumer ({})", name_of_job(options)));
  if (!answer) {
    return fail(answer.error());
  }
  const auto made = parse_consumer_info(*answer);
  if (!made) {
    return fail(made.error());
  }
  OpenConsumer consumer = opened(options, *made);
  // Without a time the answer is from before 2.10. A purge of the one subject that is selected
  // moves the consumer to where it should be.
  consumer.may_pass_over = !answer->contains("ts") && selects_many(options.filter_subject);
  return consumer;
}

// The consumer whose filter overlaps ours, which a work-queue stream doesn't allow.
Error overlap_error(Api& api, const SourceOptions& options, const ApiError& refusal) {
  std::string others;
  if (auto consumers = api.list_consumers(options.stream)) {
    for (const ConsumerInfo& info : *consumers) {
      const std::vector<std::string>& filters = info.config.filters;
      const bool overlaps = filters.empty() || std::ranges::any_of(filters, [&](const auto& f) {
                              return subjects_overlap(f, options.filter_subject);
                            });
      if (overlaps) {
        others += fmt::format("{}{}", others.empty() ? "" : ", ", info.name);
      }
    }
  }
  return {ErrorCode::kInvalid,
          fmt::format(
              "{}: this is a work-queue stream, where each message goes to one consumer, "
              "and {} reads that subject already. Stop what uses it and delete it, or give "
              "its name as this job's consumer to take over from it (JetStream error {})",
              name_of_job(options),
              others.empty() ? std::string("another consumer") : fmt::format("consumer {}", others),
              refusal.err_code)};
}

Result<OpenConsumer> make_durable(Api& api, const SourceOptions& options) {
  Json config = base_config(options);
  config["durable_name"] = options.consumer;
  config["ack_policy"] = "explicit";
  add_start(config, options);
  config["ack_wait"] = std::chrono::nanoseconds{options.ack_wait}.count();
  // Never -1: servers and clients read that as their default of 1,000, and the consumer stalls.
  config["max_ack_pending"] = std::max<std::size_t>(options.max_ack_pending, 1);
  auto answer =
      api.request(fmt::format("CONSUMER.DURABLE.CREATE.{}.{}", options.stream, options.consumer),
                  {{"stream_name", options.stream}, {"config", config}});
  if (!answer) {
    return fail(answer.error());
  }
  if (const auto error = api_error(*answer)) {
    if (error->err_code == err_code::kWorkQueueNotUnique ||
        error->err_code == err_code::kWorkQueueUnfiltered) {
      return fail(overlap_error(api, options, *error));
    }
    return fail(to_error(
        *error, fmt::format("making consumer {} ({})", options.consumer, name_of_job(options))));
  }
  return parse_consumer_info(*answer).map(
      [&](const ConsumerInfo& made) { return opened(options, made); });
}

// A durable that exists already.
Result<OpenConsumer> bind(Api& api, const SourceOptions& options, const ConsumerInfo& info) {
  if (auto usable = check_existing_consumer(info.config, options); !usable) {
    return fail(usable.error());
  }
  OpenConsumer consumer = opened(options, info);
  consumer.pending += info.unacknowledged;
  if (options.redelivered_first && info.unacknowledged > 0) {
    consumer.hold_off = info.config.ack_wait;
  }
  if (info.ack_floor < info.delivered) {
    auto missing = missing_sequences(api, options, info.ack_floor, info.delivered);
    if (!missing) {
      return fail(missing.error());
    }
    consumer.missing = std::move(*missing);
  }
  return consumer;
}

// Acknowledgements name stream and consumer but no domain: they reach every one.
Result<void> check_no_namesake(Api& api, const SourceOptions& options) {
  const std::string& domain = api.client().options().domain;
  if (domain.empty()) {
    return {};
  }
  const auto consumer =
      api.request_of_server(fmt::format("CONSUMER.INFO.{}.{}", options.stream, options.consumer));
  if (!consumer || api_error(*consumer)) {
    return {};
  }
  const auto stream = api.request_of_server("STREAM.INFO." + options.stream);
  if (!stream || api_error(*stream)) {
    return {};
  }
  if (const auto its = stream->find("domain"); its != stream->end() && *its == domain) {
    return {};  // the server's own is the one that is meant
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("domain '{}' isn't the only one that has a stream {} with a consumer {}: "
                          "the server's own has one, too, and would take what is acknowledged for "
                          "its own: give the job a `consumer` of another name",
                          domain, options.stream, options.consumer));
}

}  // namespace

Result<void> check_existing_consumer(const ConsumerConfig& config, const SourceOptions& options) {
  const auto differs = [&](std::string_view what) {
    return fail(ErrorCode::kInvalid,
                fmt::format("consumer {} of stream {} can't be used: {}. Give this job another "
                            "consumer name, or delete that consumer if nothing else uses it",
                            options.consumer, options.stream, what));
  };
  if (!config.deliver_subject.empty()) {
    return differs("it pushes its messages to a subject, and a pull consumer is needed");
  }
  if (!config.explicit_ack()) {
    return differs(
        fmt::format("its ack policy is \"{}\", and \"explicit\" is needed", config.ack_policy));
  }
  if (config.max_deliver > 0) {
    return differs("it gives a message up after some deliveries (max_deliver), and -1 is needed");
  }
  if (config.ack_wait < options.ack_wait) {
    return differs(fmt::format("its ack wait is {}, and at least {} is needed",
                               format_duration(config.ack_wait),
                               format_duration(options.ack_wait)));
  }
  if (config.headers_only) {
    return differs("it delivers headers only, without payloads");
  }
  if (config.deliver_policy == "last_per_subject") {
    return differs("it began with the last message of each subject, and left out those before");
  }
  auto filters = config.filters;
  if (filters.empty()) {
    filters.emplace_back(kEverything);
  }
  const std::string wanted =
      options.filter_subject.empty() ? std::string(kEverything) : options.filter_subject;
  if (filters.size() != 1 || filters.front() != wanted) {
    return differs(
        fmt::format("it selects {}, and {} is needed", fmt::join(filters, ", "), wanted));
  }
  return {};
}

Result<OpenConsumer> open_consumer(Api& api, const SourceOptions& options) {
  for (const auto& [what, name] :
       {std::pair{"stream", options.stream}, std::pair{"consumer", options.consumer}}) {
    if (auto named = check_name(what, name); !named) {
      return fail(named.error());
    }
  }
  if (!options.filter_subject.empty()) {
    if (auto valid = check_subject_filter(options.filter_subject); !valid) {
      return fail(valid.error());
    }
  }
  if (!options.explicit_ack) {
    return make_fresh(api, options);
  }
  if (auto alone = check_no_namesake(api, options); !alone) {
    return fail(alone.error());
  }
  auto existing = api.consumer_info(options.stream, options.consumer);
  if (existing) {
    return bind(api, options, *existing);
  }
  if (existing.error().code != ErrorCode::kNotFound) {
    return fail(existing.error());
  }
  return make_durable(api, options);
}

}  // namespace nats3::nats
