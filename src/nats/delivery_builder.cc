#include "nats/delivery_builder.h"

#include <fmt/format.h>

#include <utility>

#include "nats/headers.h"

namespace nats3::nats {

DeliveryBuilder::DeliveryBuilder(std::shared_ptr<MessageArena> memory, std::size_t messages)
    : memory_(std::make_shared<Memory>()) {
  memory_->arena = std::move(memory);
  deliveries_.reserve(messages);
}

Result<void> DeliveryBuilder::add(const MessageView& message, const AckSubject& ack) {
  auto& fields = memory_->fields;
  const std::size_t first = fields.size();
  if (!message.headers.empty()) {
    if (auto parsed = parse_header_block(message.headers, fields); !parsed) {
      fields.resize(first);
      return fail(
          ErrorCode::kInvalid,
          fmt::format("message {} has headers that aren't NATS headers ({}): delete it from "
                      "the stream to go on",
                      ack.stream_sequence, parsed.error().message));
    }
  }
  deliveries_.push_back({.message = {.sequence = ack.stream_sequence,
                                     .time = ack.time,
                                     .subject = message.subject,
                                     .headers = std::span(fields).subspan(first),
                                     .payload = message.payload},
                         .consumer_sequence = ack.consumer_sequence,
                         .delivered = ack.delivered,
                         .pending = ack.pending,
                         .ack_subject = message.reply});
  return {};
}

DeliveryBatch DeliveryBuilder::finish() {
  // The fields have moved while they grew; now they stay.
  const archive::HeaderField* next = memory_->fields.data();
  for (Delivery& delivery : deliveries_) {
    delivery.message.headers = {next, delivery.message.headers.size()};
    next += delivery.message.headers.size();
  }
  return {std::move(deliveries_), std::move(memory_)};
}

}  // namespace nats3::nats
