#include "jobs/archives.h"

#include "archive/key.h"
#include "catalog/catalog.h"

namespace nats3::jobs {

Result<catalog::BucketContents> Archives::streams(const std::string& bucket,
                                                  const std::string& prefix) {
  const auto store = stores_.open(bucket, object::IfMissing::kFail);
  if (!store) {
    return fail(store.error());
  }
  return catalog::bucket_contents(*store, archive::trim_prefix(prefix));
}

Result<catalog::StreamContents> Archives::stream(const std::string& bucket,
                                                 const std::string& prefix,
                                                 const std::string& stream) {
  const auto store = stores_.open(bucket, object::IfMissing::kFail);
  if (!store) {
    return fail(store.error());
  }
  const auto catalog = catalog::Catalog::open(*store, archive::trim_prefix(prefix), stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  auto contents = catalog::stream_contents(**catalog);
  if (contents && contents->empty()) {
    return fail(ErrorCode::kNotFound, (*catalog)->nothing_archived());
  }
  return contents;
}

}  // namespace nats3::jobs
