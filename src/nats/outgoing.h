// Turns an OutgoingMessage into a libnats message, or into the bytes that go to the server. Pure.
#pragma once

#include <string>
#include <string_view>

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

// Whether a server that takes `max_payload` takes it. Errors: kInvalid.
[[nodiscard]] Result<void> check_size(const OutgoingMessage& message, std::size_t max_payload);

// `reply` may be "". Errors: kInvalid (a subject with wildcards or white space; a header that
// libnats can't carry: an empty name, or a line break or zero byte in it, which it would alter).
[[nodiscard]] Result<EncodedMessage> encode(const OutgoingMessage& message,
                                            const std::string& reply);

// Appends PUB or HPUB with all that belongs to it; nothing on an error. `reply` may be "". Carries
// any header that a server can have sent. Errors: kInvalid (a subject as above; a header that would
// be read as several).
[[nodiscard]] Result<void> append_publish(const OutgoingMessage& message, std::string_view reply,
                                          std::string& bytes);

}  // namespace nats3::nats
