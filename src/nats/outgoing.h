// Turns an OutgoingMessage into a libnats message. Pure.
#pragma once

#include <string>

#include "nats/broker.h"
#include "nats/handles.h"

namespace nats3::nats {

// A libnats message and the memory of its header names, which libnats views.
struct EncodedMessage {
  std::string text;
  MessagePtr message;
};

// The bytes of headers and payload on the wire: what the server's maximum payload limits.
[[nodiscard]] std::size_t wire_size(const OutgoingMessage& message);

// `reply` may be "". Errors: kInvalid (a subject with wildcards or white space; a header that NATS
// can't carry: an empty name, or a line break or zero byte in it, which libnats would alter).
[[nodiscard]] Result<EncodedMessage> encode(const OutgoingMessage& message,
                                            const std::string& reply);

}  // namespace nats3::nats
