// Retries for a store: an operation that fails with kUnavailable is tried again, after a wait that
// grows, is capped and jittered, until it succeeds, its deadline has passed, or a stop is asked
// for. Every operation of ObjectStore is safe to repeat, so nothing else is needed.
//
// Thread-safe, if `on_retry` is. A wait is cut short by the stop; an attempt under way is not: the
// store bounds it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>

#include "base/backoff.h"
#include "object/object_store.h"

namespace nats3::object {

struct RetryOptions {
  Backoff::Options backoff;
  // From the start of an operation. No attempt begins later; then the last attempt's error is the
  // operation's.
  std::chrono::milliseconds deadline{60'000};
  // Told of each failure that will be tried again. May be empty.
  std::function<void(const Error&)> on_retry;
};

// A store that does what `inner` does, with retries. Errors: those of `inner`; kCancelled when
// `stop` was asked for before the operation succeeded.
[[nodiscard]] std::shared_ptr<ObjectStore> make_retrying(std::shared_ptr<ObjectStore> inner,
                                                         RetryOptions options,
                                                         std::stop_token stop);

// A provider whose open() is retried, and whose stores are as make_retrying makes them.
[[nodiscard]] std::shared_ptr<ObjectStoreProvider> make_retrying_provider(
    std::shared_ptr<ObjectStoreProvider> inner, RetryOptions options, std::stop_token stop);

}  // namespace nats3::object
