#include "nats/delivery_builder.h"

#include <fmt/format.h>

#include "nats/headers.h"

namespace nats3::nats {

struct DeliveryBuilder::Memory : DeliveryBatch::Storage {
  std::vector<std::shared_ptr<MessageArena>> arenas;
  std::vector<archive::HeaderField> fields;
};

DeliveryBuilder::DeliveryBuilder(std::size_t max_bytes) : max_bytes_(max_bytes) {}
DeliveryBuilder::~DeliveryBuilder() = default;

Result<DeliveryBuilder::Added> DeliveryBuilder::add(const MessageView& message,
                                                    const AckSubject& ack,
                                                    const std::shared_ptr<MessageArena>& memory) {
  if (!memory_) {
    memory_ = std::make_unique<Memory>();
  }
  auto& fields = memory_->fields;
  const std::size_t first = fields.size();
  if (!message.headers.empty()) {
    if (auto parsed = parse_header_block(message.headers, fields); !parsed) {
      return fail(
          ErrorCode::kInvalid,
          fmt::format("message {} has headers that aren't NATS headers ({}): delete it from "
                      "the stream to go on",
                      ack.stream_sequence, parsed.error().message));
    }
  }
  Delivery delivery{.message = {.sequence = ack.stream_sequence,
                                .time = ack.time,
                                .subject = message.subject,
                                .headers = std::span(fields).subspan(first),
                                .payload = message.payload},
                    .consumer_sequence = ack.consumer_sequence,
                    .delivered = ack.delivered,
                    .pending = ack.pending,
                    .ack_subject = message.reply};
  const std::size_t bytes = archive::content_size(delivery.message);
  if (!deliveries_.empty() && bytes_ + bytes > max_bytes_) {
    fields.resize(first);
    return Added::kFull;
  }
  bytes_ += bytes;
  field_counts_.push_back(fields.size() - first);
  deliveries_.push_back(delivery);
  if (memory_->arenas.empty() || memory_->arenas.back() != memory) {
    memory_->arenas.push_back(memory);
  }
  return Added::kYes;
}

DeliveryBatch DeliveryBuilder::finish() {
  if (deliveries_.empty()) {
    return {};
  }
  // The fields have moved while they grew; now they stay.
  const archive::HeaderField* next = memory_->fields.data();
  for (std::size_t i = 0; i < deliveries_.size(); ++i) {
    deliveries_[i].message.headers = {next, field_counts_[i]};
    next += field_counts_[i];
  }
  return {std::move(deliveries_), std::move(memory_)};
}

}  // namespace nats3::nats
