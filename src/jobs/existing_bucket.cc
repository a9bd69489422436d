#include "jobs/existing_bucket.h"

#include <fmt/format.h>

namespace nats3::jobs {

Error gone(const Error& error) {
  return error.action() == Action::kNotFound
             ? Error{ErrorCode::kUnavailable, fmt::format("{}: {}", error.message, kIsItMounted)}
             : error;
}

Result<std::shared_ptr<object::ObjectStore>> open_existing(object::ObjectStoreProvider& stores,
                                                           const std::string& bucket) {
  return stores.open(bucket, object::IfMissing::kFail).map_error(gone);
}

}  // namespace nats3::jobs
