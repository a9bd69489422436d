// A store that lives as long as the process: for tests, and for trying nats3 out.
#pragma once

#include <memory>

#include "object/object_store.h"

namespace nats3::object {

// A provider of buckets kept in memory. Opening a bucket twice gives the same one.
[[nodiscard]] std::shared_ptr<ObjectStoreProvider> make_memory_provider();

// A single bucket in memory.
[[nodiscard]] std::shared_ptr<ObjectStore> make_memory_store();

}  // namespace nats3::object
