#include "jobs/existing_bucket.h"

#include <fmt/format.h>

namespace nats3::jobs {

Result<std::shared_ptr<object::ObjectStore>> open_existing(object::ObjectStoreProvider& stores,
                                                           const std::string& bucket) {
  auto store = stores.open(bucket, object::IfMissing::kFail);
  if (!store && store.error().action() == Action::kNotFound) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{}: {}", store.error().message, kIsItMounted));
  }
  return store;
}

}  // namespace nats3::jobs
