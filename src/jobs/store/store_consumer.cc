#include "jobs/store/store_consumer.h"

#include <algorithm>

#include "base/subject.h"
#include "jobs/store/adoption.h"

namespace nats3::jobs {
namespace {

// Enough on its way that the server goes on while the job waits for a core. With acknowledgements
// the default: what waits in the buffer is nobody's to extend.
constexpr std::size_t kBufferedMessages = 40'000;
constexpr std::size_t kBufferedBytes = 24 << 20;

std::string durable_of(const StoreSpec& spec) {
  return spec.consumer.value_or(spec.adopt_consumer.value_or(connector_consumer(spec.subject)));
}

}  // namespace

bool acknowledges(const StoreSpec& spec, const nats::StreamInfo& info) {
  return info.retention != nats::Retention::kLimits || spec.consumer.has_value();
}

bool share_consumer(const StoreSpec& a, const StoreSpec& b, const nats::StreamInfo& info) {
  return a.stream == b.stream && acknowledges(a, info) && acknowledges(b, info) &&
         durable_of(a) == durable_of(b);
}

bool selects_all(const StoreSpec& spec, const nats::StreamInfo& info) {
  const auto covers = [&](const std::string& own) { return subject_covers(spec.subject, own); };
  return info.subjects.empty() ? covers(">") : std::ranges::all_of(info.subjects, covers);
}

nats::SourceOptions source_options(const StoreSpec& spec, const nats::StreamInfo& info,
                                   std::uint64_t start_sequence) {
  nats::SourceOptions options{.stream = spec.stream,
                              .filter_subject = spec.subject,
                              .consumer = "nats3",
                              .explicit_ack = acknowledges(spec, info),
                              .redelivered_first = true,
                              .start_sequence = start_sequence,
                              .ack_wait = kAckWait};
  if (options.explicit_ack) {
    options.consumer = durable_of(spec);
  } else {
    options.max_buffered_messages = kBufferedMessages;
    options.max_buffered_bytes = kBufferedBytes;
  }
  return options;
}

}  // namespace nats3::jobs
