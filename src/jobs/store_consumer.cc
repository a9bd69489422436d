#include "jobs/store_consumer.h"

#include <algorithm>

namespace nats3::jobs {
namespace {

std::string durable_name(const std::string& subject) {
  std::string name = subject;
  std::ranges::replace_if(
      name, [](char c) { return c == '.' || c == '>' || c == '*' || c == '%'; }, '_');
  return name;
}

}  // namespace

nats::SourceOptions source_options(const StoreSpec& spec, const nats::StreamInfo& info,
                                   std::uint64_t start_sequence) {
  const bool limits = info.retention == nats::Retention::kLimits;
  return {.stream = spec.stream,
          .filter_subject = spec.subject,
          .consumer = spec.consumer.value_or(limits ? "nats3" : durable_name(spec.subject)),
          .explicit_ack = !limits,
          .redelivered_first = true,
          .start_sequence = start_sequence,
          .ack_wait = kAckWait};
}

}  // namespace nats3::jobs
