// S3 as a store: AWS, Ceph, MinIO and what else speaks it.
//
// Bodies go plain (no aws-chunked), with a checksum that the server checks (see md5_choice.h);
// objects above a limit go in parts. A get whose length doesn't add up is kUnavailable. Nothing is
// retried here: see retrying.h.
#pragma once

#include <memory>

#include "object/object_store.h"
#include "object/s3/options.h"

namespace nats3::object {

// A provider of the buckets that `options` reaches. Nothing is sent before open(), which gives
// kInvalid when the options can't be right, and kDenied when they don't let us list the bucket.
// Stores share connections; opening a bucket twice gives the same store.
[[nodiscard]] std::shared_ptr<ObjectStoreProvider> make_s3_provider(const S3Options& options);

}  // namespace nats3::object
