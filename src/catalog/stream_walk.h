// StreamWalk: the objects under all folders of one stream, in order of their keys, a page of them
// in memory. There are two such folders: the archive's, and what nats-s3-connector left. Not
// thread-safe. Blocks on the store.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/error.h"
#include "catalog/catalog.h"

namespace nats3::catalog {

class StreamWalk {
 public:
  // Begins after the object `after`; "": at the first one. `catalog` outlives this.
  StreamWalk(const Catalog& catalog, std::string after);

  // The next object, or nullopt after the last. It stays the next one until pop().
  // Errors: those of ObjectStore; it may be called again.
  [[nodiscard]] Result<std::optional<object::ObjectInfo>> peek();
  // Passes the object that peek() gave.
  void pop();
  // Lists anew after the object passed last. Returns whether `key` is next: others may have been
  // put before it since, and it may have been removed. Errors: those of ObjectStore.
  [[nodiscard]] Result<bool> still_next(const std::string& key);

  // The folder that the next object is in.
  [[nodiscard]] const std::string& folder() const { return folders_.front(); }

 private:
  Result<void> list();

  const Catalog& catalog_;
  std::deque<std::string> folders_;  // that are still to be listed
  std::string passed_;               // key of the object passed last
  std::deque<object::ObjectInfo> page_;
  std::string token_;    // of the page after it
  bool listed_ = false;  // page_ is the last one of its folder
};

}  // namespace nats3::catalog
