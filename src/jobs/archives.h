// Archives: the ArchiveService of a server, over its object stores.
#pragma once

#include <string>

#include "jobs/archive_service.h"
#include "object/object_store.h"

namespace nats3::jobs {

class Archives final : public ArchiveService {
 public:
  // `stores` outlives this.
  explicit Archives(object::ObjectStoreProvider& stores) : stores_(stores) {}

  Result<catalog::BucketContents> streams(const std::string& bucket,
                                          const std::string& prefix) override;
  Result<catalog::StreamContents> stream(const std::string& bucket, const std::string& prefix,
                                         const std::string& stream) override;

 private:
  object::ObjectStoreProvider& stores_;
};

}  // namespace nats3::jobs
