// Collects received messages into a DeliveryBatch that keeps their memory. Not thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "nats/ack_subject.h"
#include "nats/broker.h"
#include "nats/message_arena.h"

namespace nats3::nats {

class DeliveryBuilder {
 public:
  enum class Added { kYes, kFull };

  // At least one message is taken, however large; more as long as content_size stays within.
  explicit DeliveryBuilder(std::size_t max_bytes);
  ~DeliveryBuilder();

  // Adds `message`, which lies in `memory`, unless the batch is full. `ack` is its parsed reply
  // subject. Errors: kInvalid when its headers aren't NATS headers.
  [[nodiscard]] Result<Added> add(const MessageView& message, const AckSubject& ack,
                                  const std::shared_ptr<MessageArena>& memory);

  [[nodiscard]] std::size_t size() const { return deliveries_.size(); }

  // Call once, last.
  [[nodiscard]] DeliveryBatch finish();

 private:
  struct Memory;

  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::vector<Delivery> deliveries_;
  std::vector<std::size_t> field_counts_;
  std::unique_ptr<Memory> memory_;
};

}  // namespace nats3::nats
