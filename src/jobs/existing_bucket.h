// The bucket of a job that has worked with it before, or waits for somebody to make it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "object/object_store.h"

namespace nats3::jobs {

// Why what a job has worked with may not be there, and what to do. Follows what is missing.
inline constexpr std::string_view kIsItMounted =
    "is its disk mounted? The job goes on when it is back";

// Never makes it: in a bucket made anew nothing would be missing, nor anything of what was there.
// Errors: those of ObjectStoreProvider::open; kUnavailable where there is no such bucket.
[[nodiscard]] Result<std::shared_ptr<object::ObjectStore>> open_existing(
    object::ObjectStoreProvider& stores, const std::string& bucket);

// What `error` says isn't there is a bucket, or something in it, that was there before:
// kUnavailable. Other errors stay as they are.
[[nodiscard]] Error gone(const Error& error);

}  // namespace nats3::jobs
