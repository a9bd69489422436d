// What can be published, and the bytes that it is on the wire. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "nats/broker.h"

namespace nats3::nats {

// The bytes of headers and payload on the wire: what the server's maximum payload limits.
[[nodiscard]] std::size_t wire_size(const OutgoingMessage& message);

// Whether a server that takes `max_payload` takes it. Errors: kInvalid.
[[nodiscard]] Result<void> check_size(const OutgoingMessage& message, std::size_t max_payload);

// Whether NATS can carry it, as it can any header that a server can have sent. Errors: kInvalid (a
// subject with wildcards or white space; a header that would be read as several).
[[nodiscard]] Result<void> check_carried(const OutgoingMessage& message);

// Appends PUB or HPUB with all that belongs to it; nothing on an error. `reply` may be "". Errors:
// as check_carried.
[[nodiscard]] Result<void> append_publish(const OutgoingMessage& message, std::string_view reply,
                                          std::string& bytes);

}  // namespace nats3::nats
