// Makes a DeliveryBatch of received messages. Not thread-safe.
#pragma once

#include <memory>
#include <vector>

#include "nats/ack_subject.h"
#include "nats/broker.h"
#include "nats/message_arena.h"

namespace nats3::nats {

class DeliveryBuilder {
 public:
  // For about so many messages, which lie in `memory`.
  DeliveryBuilder(std::shared_ptr<MessageArena> memory, std::size_t messages);

  // `ack` is the message's parsed reply subject.
  // Errors: kInvalid when its headers aren't NATS headers; then it isn't added.
  [[nodiscard]] Result<void> add(const MessageView& message, const AckSubject& ack);

  // Call once, last.
  [[nodiscard]] DeliveryBatch finish();

 private:
  struct Memory : DeliveryBatch::Storage {
    std::shared_ptr<MessageArena> arena;
    std::vector<archive::HeaderField> fields;
  };

  std::vector<Delivery> deliveries_;
  std::shared_ptr<Memory> memory_;
};

}  // namespace nats3::nats
