// Turns libnats' status codes into Errors. Thread-safe.
#pragma once

#include <nats/nats.h>

#include <string_view>

#include "base/error.h"

namespace nats3::nats {

// Which kind of error it is. Precondition: status isn't NATS_OK.
[[nodiscard]] ErrorCode code_of(natsStatus status);

// What went wrong while doing `what` ("publishing to orders.1"), with libnats' own words.
// Precondition: status isn't NATS_OK.
[[nodiscard]] Error to_error(natsStatus status, std::string_view what);

}  // namespace nats3::nats
