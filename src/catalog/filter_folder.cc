#include "catalog/filter_folder.h"

#include <utility>

namespace nats3::catalog {

Result<FilterFolder> FilterFolder::open(const Catalog& catalog,
                                        const archive::EpochDescription& epoch,
                                        const archive::ChunkLocation& location) {
  FilterFolder folder{.epoch = location.epoch, .component = location.filter_component};
  const auto known = epoch.filters.find(folder.component);
  const auto decoded = archive::decode_component(folder.component);
  folder.filter = known != epoch.filters.end() ? known->second : decoded.value_or("");
  folder.shared = epoch.shared(folder.filter);
  if (auto read = folder.read_deleted(catalog); !read) {
    return fail(read.error());
  }
  const auto complete = catalog.complete_up_to(folder.epoch, folder.filter);
  if (!complete && complete.error().code != ErrorCode::kCorrupt) {
    return fail(complete.error());
  }
  folder.complete = complete.value_or(std::nullopt);
  return folder;
}

Result<void> FilterFolder::read_deleted(const Catalog& catalog) {
  auto watermark = catalog.watermark(epoch, filter);
  if (!watermark && watermark.error().code != ErrorCode::kCorrupt) {
    return fail(watermark.error());
  }
  if (watermark) {
    deleted = std::move(watermark->deleted);
  }
  return {};
}

}  // namespace nats3::catalog
