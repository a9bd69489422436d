#include "jobs/manager/job_tables.h"

#include <spdlog/spdlog.h>

namespace nats3::jobs {
namespace {

template <typename Table, typename Parse>
void apply_to(Table& table, const nats::KvChange& change, Parse parse) {
  const std::string prefix = record_key(table.kKind, "");
  if (!change.key.starts_with(prefix)) {
    return;
  }
  if (!change.value) {
    return table.forget(change.key.substr(prefix.size()));
  }
  auto record = parse(*change.value);
  if (!record) {
    spdlog::error("{} can't be read and is left alone: {}", change.key, record.error().message);
    return;
  }
  table.apply(std::move(*record), change.revision);
}

}  // namespace

std::set<std::string> JobTables::keys() const {
  std::set<std::string> keys;
  const auto add = [&](const auto& table) {
    for (const std::string& id : table.ids()) {
      keys.insert(record_key(table.kKind, id));
    }
  };
  add(stores);
  add(loads);
  add(verifications);
  return keys;
}

void JobTables::apply(const nats::KvChange& change) {
  apply_to(stores, change, parse_store_record);
  apply_to(loads, change, parse_load_record);
  apply_to(verifications, change, parse_verify_record);
}

}  // namespace nats3::jobs
