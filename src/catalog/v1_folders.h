// The folders of a stream's version-1 chunks:
//
//   {prefix/}{stream}/{subject}/{seconds}-{count}.{json|bin}
//
// One for each store job of nats-s3-connector, named by its subject as it is: `orders.>`.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "archive/v1_chunk.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/v1_place.h"

namespace nats3::catalog {

// A folder that has chunks.
struct V1Folder {
  std::string subject;
  std::string path;  // ends with a slash
  // How many digits the seconds in its keys have. Keys of as many sort by time; others don't.
  std::set<std::size_t> digits;
};

// Whether version-1 chunks may be in a folder of that name.
[[nodiscard]] bool is_v1_subject(const std::string& folder);
// The folders of a stream that are named as those of version-1 chunks are, with chunks or without.
// Errors: those of ObjectStore.
[[nodiscard]] Result<std::vector<std::string>> v1_subjects(const Catalog& catalog);

// Calls `visit` for each chunk of a folder, a page of keys at a time, in order of their keys, until
// it returns false. Errors: those of ObjectStore.
[[nodiscard]] Result<void> visit_v1_chunks(
    const Catalog& catalog, const std::string& path,
    const std::function<bool(const archive::V1ChunkName&)>& visit);

struct V1Folders {
  V1Choice choice = V1Choice::kNamed;
  std::vector<V1Folder> folders;
  std::uint64_t messages = 0;     // an upper bound of what is selected
  std::uint64_t last_second = 0;  // of any chunk that is there
};

// The folders to be read for `selection`: the one of its very subject, if there is such a folder;
// else all whose subjects overlap with it. Lists them whole, a page at a time. None when
// `selection.after` has left the old generation behind.
// Errors: those of ObjectStore; kInvalid when two of the folders overlap each other, so that a
// message may be in both; kCorrupt for a position that can't be.
[[nodiscard]] Result<V1Folders> find_v1_folders(const Catalog& catalog, const Selection& selection);

}  // namespace nats3::catalog
