// SegmentIndexes: the indexes of one archive's filters, each fetched again only when it has
// changed. Thread-safe. Blocks on the store.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "archive/key.h"
#include "archive/segment_index.h"
#include "base/error.h"
#include "object/object_store.h"

namespace nats3::catalog {

class SegmentIndexes {
 public:
  // The index in the bucket. One without segments when there is none, or none that can be used:
  // damaged, of a newer format, or that of another filter. Never null.
  // Errors: those of ObjectStore when it can't be reached.
  [[nodiscard]] Result<std::shared_ptr<const archive::SegmentIndex>> get(
      object::ObjectStore& store, const archive::StreamLocation& location, const std::string& epoch,
      const std::string& filter);

 private:
  struct Known {
    std::string identity;  // its first bytes
    std::shared_ptr<const archive::SegmentIndex> index;
  };
  [[nodiscard]] Result<bool> is_current(object::ObjectStore& store, const std::string& key,
                                        const Known& known) const;

  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by key
};

}  // namespace nats3::catalog
