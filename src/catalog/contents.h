// What is archived: the streams of a bucket, and what there is of one of them. For a person who
// finds a bucket and wants to know; whoever replays goes by the chunks themselves. Listings and
// small documents alone, no chunk is opened; where there is an index, its word for what it covers.
//
// A bucket may hold anything, and any number of it: give a store that bounds requests. Any thread.
// Blocks on the store. Errors of all: those of ObjectStore; kCorrupt, naming the
// object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "archive/epoch.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/chunk_totals.h"
#include "object/object_store.h"

namespace nats3::catalog {

struct SubjectContents {
  std::string subject;               // of the store job, with its wildcards
  std::uint64_t first_sequence = 0;  // of the first chunk
  ChunkTotals totals;
};

struct EpochContents {
  archive::EpochDescription description;
  std::vector<SubjectContents> subjects;  // ascending
};

struct StreamContents {
  std::vector<EpochContents> epochs;  // oldest first
  // Version-1 chunks, which have no sequences. Their times are those at which chunks begin.
  std::vector<SubjectContents> old_chunks;

  [[nodiscard]] bool empty() const { return epochs.empty() && old_chunks.empty(); }
};

[[nodiscard]] Result<StreamContents> stream_contents(const Catalog& catalog);

struct BucketContents {
  std::vector<std::string> streams;  // ascending
  std::vector<std::string> folders;  // without a stream; streams may be below, with a prefix
};

// Errors: kInvalid as well, for a prefix that can't be one.
[[nodiscard]] Result<BucketContents> bucket_contents(
    const std::shared_ptr<object::ObjectStore>& store, const std::string& prefix);

}  // namespace nats3::catalog
