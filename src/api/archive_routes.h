// What the routes under /archive answer: what is in a bucket. They block on the object store. Any
// thread.
#pragma once

#include "api/http.h"
#include "object/object_store.h"

namespace nats3::api {

// GET /archive/streams?bucket=...&prefix=...
[[nodiscard]] HttpResponse archived_streams(object::ObjectStoreProvider& stores,
                                            const HttpRequest& request);
// GET /archive/stream?bucket=...&prefix=...&stream=...
[[nodiscard]] HttpResponse archived_stream(object::ObjectStoreProvider& stores,
                                           const HttpRequest& request);

}  // namespace nats3::api
