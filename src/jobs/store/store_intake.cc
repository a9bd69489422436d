#include "jobs/store/store_intake.h"

#include <fmt/format.h>

#include <utility>

#include "base/subject.h"

namespace nats3::jobs {
namespace {

constexpr std::size_t kFetchMessages = 4'096;
constexpr std::size_t kFetchBytes = 4 << 20;
// What is less than both is few.
constexpr std::size_t kFewMessages = 1'024;
constexpr std::size_t kFewBytes = 1 << 20;

bool is_few(const nats::DeliveryBatch& batch) {
  if (batch.deliveries().size() >= kFewMessages) {
    return false;
  }
  std::size_t bytes = 0;
  for (const nats::Delivery& delivery : batch.deliveries()) {
    bytes += delivery.message.payload.size();
  }
  return bytes < kFewBytes;
}

}  // namespace

StoreIntake::StoreIntake(std::unique_ptr<nats::Source> source, const StoreSpec& spec,
                         const Targets& targets, bool in_order, std::uint64_t received)
    : source_(std::move(source)),
      spec_(spec),
      targets_(targets),
      in_order_(in_order),
      received_(received) {}

StoreIntake::~StoreIntake() { source_->on_ready(nullptr); }

Result<StoreIntake::Came> StoreIntake::take(MonotonicTime now) {
  auto fetched = source_->fetch({.max_messages = kFetchMessages, .max_bytes = kFetchBytes});
  if (!fetched) {
    return fail(fetched.error());
  }
  if (fetched->empty()) {
    return Came::kNothing;
  }
  const auto batch = std::make_shared<const nats::DeliveryBatch>(std::move(*fetched));
  const auto& deliveries = batch->deliveries();
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    const archive::Message& message = deliveries[i].message;
    if (auto ours = check(message); !ours) {
      return fail(ours.error());
    }
    if (in_order_) {
      targets_.unseen.take(message.sequence);
      received_ = message.sequence;
    }
    targets_.cutter.add(batch, i, now);
  }
  targets_.watch.left(deliveries.back().pending, now);
  return is_few(*batch) ? Came::kFew : Came::kMany;
}

Result<void> StoreIntake::check(const archive::Message& message) const {
  if (!subject_matches(spec_.subject, message.subject)) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the consumer delivered '{}', which '{}' doesn't select: it was edited",
                            message.subject, spec_.subject));
  }
  if (in_order_ && message.sequence <= received_) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("the consumer went back from sequence {} to {}", received_, message.sequence));
  }
  return {};
}

}  // namespace nats3::jobs
