#include "nats/memory/memory_key_value.h"

#include <fmt/format.h>

#include <algorithm>

#include "nats/key_value.h"

namespace nats3::nats {
namespace {

tl::unexpected<Error> away() {
  return fail(ErrorCode::kUnavailable, "the connection to NATS was lost");
}

}  // namespace

void MemoryBucket::set_available(bool available) {
  const std::lock_guard lock(mutex_);
  available_ = available;
}

void MemoryBucket::lose_answer(std::size_t nth) {
  const std::lock_guard lock(mutex_);
  faults_[writes_ + nth] = Fault::kAnswer;
}

void MemoryBucket::lose_answer_and_go(std::size_t nth) {
  const std::lock_guard lock(mutex_);
  faults_[writes_ + nth] = Fault::kGone;
}

void MemoryBucket::lose_write(std::size_t nth) {
  const std::lock_guard lock(mutex_);
  faults_[writes_ + nth] = Fault::kWrite;
}

MemoryBucket::State MemoryBucket::state() {
  const std::lock_guard lock(mutex_);
  return state_;
}

void MemoryBucket::back_to(State state) {
  const std::lock_guard lock(mutex_);
  state_ = std::move(state);
}

void MemoryBucket::remake() { back_to({.created = clock_.now()}); }

void MemoryBucket::forget_old() {
  if (max_age_.count() > 0) {
    const MonotonicTime now = clock_.monotonic();
    std::erase_if(state_.entries,
                  [&](const auto& e) { return e.second.written + max_age_ <= now; });
  }
}

Result<KvEntry> MemoryKeyValue::get(const std::string& key) {
  if (auto valid = check_key(key); !valid) {
    return fail(valid.error());
  }
  const std::lock_guard lock(bucket_->mutex_);
  if (!bucket_->available_) {
    return away();
  }
  bucket_->forget_old();
  const auto found = bucket_->state_.entries.find(key);
  if (found == bucket_->state_.entries.end()) {
    return fail(ErrorCode::kNotFound, fmt::format("key {} isn't there", key));
  }
  return KvEntry{key, found->second.value, found->second.revision};
}

Result<std::vector<KvEntry>> MemoryKeyValue::list(const std::string& prefix) {
  const std::lock_guard lock(bucket_->mutex_);
  if (!bucket_->available_) {
    return away();
  }
  if (auto valid = check_prefix(prefix); !valid) {
    return fail(valid.error());
  }
  bucket_->forget_old();
  std::vector<KvEntry> entries;
  for (const auto& [key, entry] : bucket_->state_.entries) {
    if (key.starts_with(prefix)) {
      entries.push_back({key, entry.value, entry.revision});
    }
  }
  return entries;
}

Result<std::vector<KvChange>> MemoryKeyValue::changes(const std::string& prefix,
                                                      std::uint64_t after) {
  const std::lock_guard lock(bucket_->mutex_);
  if (!bucket_->available_) {
    return away();
  }
  if (auto valid = check_prefix(prefix); !valid) {
    return fail(valid.error());
  }
  bucket_->forget_old();
  std::vector<KvChange> changes;
  for (const auto& [key, entry] : bucket_->state_.entries) {
    if (key.starts_with(prefix) && entry.revision > after) {
      changes.push_back({key, entry.value, entry.revision});
    }
  }
  for (const auto& [key, revision] : bucket_->state_.removals) {
    if (key.starts_with(prefix) && revision > after) {
      changes.push_back({key, std::nullopt, revision});
    }
  }
  std::ranges::sort(changes, {}, &KvChange::revision);
  return changes;
}

Result<std::uint64_t> MemoryKeyValue::put(const std::string& key, std::string_view value,
                                          std::uint64_t expected) {
  return write(key, std::string(value), expected);
}

Result<void> MemoryKeyValue::remove(const std::string& key, std::uint64_t expected) {
  return write(key, std::nullopt, expected).map([](std::uint64_t) {});
}

Result<StreamInfo> MemoryKeyValue::stream() {
  const std::lock_guard lock(bucket_->mutex_);
  if (!bucket_->available_) {
    return away();
  }
  return StreamInfo{.name = "KV",
                    .created = bucket_->state_.created,
                    .last_sequence = bucket_->state_.last_revision};
}

Result<std::uint64_t> MemoryKeyValue::write(const std::string& key,
                                            std::optional<std::string> value,
                                            std::uint64_t expected) {
  if (auto valid = check_key(key); !valid) {
    return fail(valid.error());
  }
  const std::lock_guard lock(bucket_->mutex_);
  if (!bucket_->available_) {
    return away();
  }
  bucket_->forget_old();
  auto& entries = bucket_->state_.entries;
  const auto fault = bucket_->faults_.find(++bucket_->writes_);
  const bool faulty = fault != bucket_->faults_.end();
  if (faulty && fault->second == MemoryBucket::Fault::kWrite) {
    return away();
  }
  const auto found = entries.find(key);
  const std::uint64_t current = found == entries.end() ? 0 : found->second.revision;
  const auto before = unresolved_.extract(key);
  if (!before.empty() && before.mapped().value == value && before.mapped().expected == expected &&
      (value ? current == before.mapped().revision : found == entries.end())) {
    return before.mapped().revision;
  }
  if (current != expected) {
    return fail(ErrorCode::kConflict,
                fmt::format("key {} was expected at revision {}, and is at {}: read it again", key,
                            expected, current));
  }
  const std::uint64_t revision = ++bucket_->state_.last_revision;
  if (value) {
    entries[key] = {*value, revision, bucket_->clock_.monotonic()};
    bucket_->state_.removals.erase(key);
  } else {
    entries.erase(key);
    bucket_->state_.removals[key] = revision;
  }
  if (faulty) {
    bucket_->available_ = fault->second != MemoryBucket::Fault::kGone;
    unresolved_[key] = {std::move(value), expected, revision};
    return away();
  }
  return revision;
}

}  // namespace nats3::nats
