#include "archive/string_pool.h"

#include "base/digest.h"

namespace nats3::archive {

std::size_t StringPool::find_slot(std::string_view text, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at] != 0) {
    const Entry& entry = entries_[slots_[at] - 1];
    if (entry.hash == hash && entry.text == text) {
      break;
    }
    at = (at + 1) & mask;
  }
  return at;
}

void StringPool::grow() {
  slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, 0);
  for (Id id = 0; id < entries_.size(); ++id) {
    slots_[find_slot(entries_[id].text, entries_[id].hash)] = id + 1;
  }
}

StringPool::Id StringPool::intern(std::string_view text) {
  if (entries_.size() * 2 >= slots_.size()) {
    grow();
  }
  const std::uint64_t hash = xxh3_64(text);
  Id& slot = slots_[find_slot(text, hash)];
  if (slot == 0) {
    entries_.push_back({storage_.emplace_back(text), hash});
    slot = static_cast<Id>(entries_.size());
  }
  return slot - 1;
}

}  // namespace nats3::archive
