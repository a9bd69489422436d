// Many requests to one subject at once, answered in any order. Thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "nats/link.h"

namespace nats3::nats {

// Publishes each of `bodies` to `subject` and waits for all the answers, at most 256 of them
// outstanding. In the order of `bodies`. Errors: kUnavailable when no answer comes for `timeout`,
// or nobody listens there.
[[nodiscard]] Result<std::vector<MessagePtr>> request_all(Link& link, const std::string& subject,
                                                          const std::vector<std::string>& bodies,
                                                          std::chrono::milliseconds timeout);

}  // namespace nats3::nats
