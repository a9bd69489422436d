// Lists the files below a folder as a bucket's keys, in order of the keys' bytes.
//
// A file system sorts names, S3 whole keys: there "a-b" comes before "a/c", since '-' is less than
// '/'. Comparing folders by their name with a '/' behind it makes a walk in order yield keys in
// order. Subtrees that the query rules out are not read, and of each folder only as many names are
// held as a few pages need, so a folder of a million files costs time but not memory.
#pragma once

#include "base/error.h"
#include "object/file/posix.h"
#include "object/object_store.h"

namespace nats3::object {

// The folder of temporary files, which is no part of the bucket.
inline constexpr std::string_view kTemporaryFolder = ".nats3-tmp";

// The page of `bucket` that `query` asks for. Errors: those of ObjectStore::list.
[[nodiscard]] Result<ListPage> list_folder(const Fd& bucket, const ListQuery& query);

}  // namespace nats3::object
