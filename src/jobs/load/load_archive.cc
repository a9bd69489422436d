#include "jobs/load/load_archive.h"

#include <utility>

#include "catalog/replay_reader.h"
#include "jobs/existing_bucket.h"
#include "jobs/load/load_check.h"

namespace nats3::jobs {

Result<std::shared_ptr<catalog::Catalog>> open_archive(const JobEnvironment& environment,
                                                       const LoadSpec& spec,
                                                       const catalog::Position& position) {
  auto store = open_existing(environment.stores, spec.bucket);
  if (!store) {
    return fail(store.error());
  }
  auto catalog =
      catalog::Catalog::open(std::move(*store), spec.prefix.value_or(""), spec.read_stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  if (auto archived = check_archived(**catalog, spec, position); !archived) {
    return fail(archived.error());
  }
  return catalog;
}

Result<void> record_extent(const catalog::Catalog& catalog, RecordKeeper<LoadRecord>& keeper) {
  const LoadRecord record = keeper.record();
  const LoadSpec& spec = record.job.spec;
  if (spec.poll_interval || record.extent) {
    return {};
  }
  auto extent = catalog::extent_of(catalog, selection_of(spec, record.position));
  if (!extent) {
    return fail(extent.error());
  }
  return keeper.update([&](LoadRecord& changed) { changed.extent = *extent; });
}

ReadAhead::Read reading(std::shared_ptr<catalog::Catalog> catalog,
                        const catalog::Selection& selection, OnCorrupt on_corrupt) {
  auto reader = std::make_shared<catalog::ReplayReader>(
      *catalog, selection,
      on_corrupt == OnCorrupt::kSkip ? catalog::OnDamage::kSkip : catalog::OnDamage::kFail);
  return [catalog = std::move(catalog), reader = std::move(reader)] { return reader->next(); };
}

}  // namespace nats3::jobs
