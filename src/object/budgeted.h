// The same store for work that must end: after so many requests, after some time, or when it is
// told to stop, every call fails. For who lists what others have put, which may be anything.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>

#include "base/clock.h"
#include "object/object_store.h"

namespace nats3::object {

struct Budget {
  std::size_t requests = 0;
  std::chrono::seconds time{0};  // from now on
  const Clock* clock = &Clock::system();
};

// Errors of its calls, beside those of `inner`: kInvalid when the requests are used up,
// kUnavailable when the time is, kCancelled after a stop. A request that is under way isn't ended.
[[nodiscard]] std::shared_ptr<ObjectStore> make_budgeted(std::shared_ptr<ObjectStore> inner,
                                                         const Budget& budget,
                                                         std::stop_token stop);

}  // namespace nats3::object
