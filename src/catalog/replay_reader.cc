#include "catalog/replay_reader.h"

#include "catalog/v1_folders.h"

namespace nats3::catalog {

ReplayReader::ReplayReader(const Catalog& catalog, const Selection& selection, OnDamage on_damage)
    : archive_(catalog, selection, on_damage) {
  if (selection.after.epoch.empty() || is_v1_place(selection.after.epoch)) {
    v1_.emplace(catalog, selection, on_damage);
  }
}

Result<std::optional<ReadBatch>> ReplayReader::next() {
  if (v1_) {
    auto batch = v1_->next();
    if (!batch || *batch) {
      return batch;
    }
    v1_.reset();
  }
  return archive_.next();
}

Result<std::uint64_t> count_replayed(const Catalog& catalog, const Selection& selection) {
  auto old = find_v1_folders(catalog, selection);
  if (!old) {
    return fail(old.error());
  }
  return catalog.count_messages(selection).map(
      [&](std::uint64_t count) { return old->messages + count; });
}

Result<bool> is_archived(const Catalog& catalog, const Selection& selection) {
  if (!selection.after.epoch.empty()) {
    return true;
  }
  auto old = find_v1_folders(catalog, selection);
  if (!old) {
    return fail(old.error());
  }
  auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  return !old->folders.empty() || !epochs->empty();
}

}  // namespace nats3::catalog
