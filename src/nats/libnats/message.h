// Messages between libnats' form and ours. Pure.
#pragma once

#include <string>

#include "base/error.h"
#include "nats/broker.h"
#include "nats/libnats/handles.h"
#include "nats/message_view.h"

namespace nats3::nats {

// The parts of a received message, which they are views into.
// Precondition: no natsMsgHeader_* call was made on it, which would alter its headers (see
// headers.h).
// Errors: kInternal when this libnats keeps messages in memory otherwise than 3.4 to 3.14 do.
[[nodiscard]] Result<MessageView> view_of(const natsMsg& message);

// A message to be sent, and the memory of its header names, which libnats views.
struct EncodedMessage {
  std::string text;
  MessagePtr message;
};

// `reply` may be "". Errors: kInvalid (as check_carried; a header that libnats can't carry: an
// empty name, or a line break or zero byte in it, which it would alter).
[[nodiscard]] Result<EncodedMessage> encode(const OutgoingMessage& message,
                                            const std::string& reply);

}  // namespace nats3::nats
