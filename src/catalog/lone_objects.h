// What a verification looks at by itself: documents, and chunks of nats-s3-connector. Other objects
// say nothing of these.
// Any thread; blocks on the store. Errors: those of ObjectStore.
#pragma once

#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/verify_step.h"
#include "object/object_store.h"

namespace nats3::catalog {

// `object` is a stream.json, watermark.json or complete.json.
[[nodiscard]] Result<void> look_at_document(const Catalog& catalog,
                                            const object::ObjectInfo& object, VerifyStep& step);

// Gives whether its time meets the window; if not, it isn't read.
[[nodiscard]] Result<bool> look_at_v1_chunk(const Catalog& catalog, const VerifyWindow& window,
                                            const object::ObjectInfo& object, VerifyStep& step);

}  // namespace nats3::catalog
