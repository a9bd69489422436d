// A folder as a store: `root/bucket/key`, one file an object. For one machine and for trying nats3
// out; several processes may share it.
//
// A put writes to a temporary file in `root/bucket/.nats3-tmp`, makes it durable, and renames it:
// readers, also after a power cut, see the old or the new object. What a file system can't hold is
// refused with kInvalid: a component over 255 bytes, a key that would be a file and a folder at
// once, a key within `.nats3-tmp`. Symbolic links inside a bucket are not followed (kDenied).
// A full disk is kUnavailable, since it heals.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "object/keys.h"
#include "object/object_store.h"

namespace nats3::object {

struct FileOptions {
  std::string root;
  // Temporary files older than this are left over from a process that died, and removed on opening.
  std::chrono::seconds stale_after = std::chrono::hours{1};
  std::uint64_t max_object_bytes = kDefaultMaxObjectBytes;
};

// A provider of the buckets below `options.root`, which is made when a bucket is.
[[nodiscard]] std::shared_ptr<ObjectStoreProvider> make_file_provider(FileOptions options);

}  // namespace nats3::object
