// RecordKeeper: the one writer of one job's record, and a copy of it for whoever asks.
//
// Thread-safe. update() does a round trip to NATS.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "jobs/job_record.h"
#include "nats/broker.h"

namespace nats3::jobs {

template <typename Record>
class RecordKeeper {
 public:
  // `revision` 0: the record isn't stored yet; the first update() makes it.
  RecordKeeper(nats::KeyValue& kv, Record record, std::uint64_t revision)
      : kv_(kv),
        key_(record_key(Record::kKind, record.job.info.id)),
        record_(std::move(record)),
        revision_(revision) {}

  [[nodiscard]] Record record() const {
    const std::lock_guard lock(mutex_);
    return record_;
  }
  // Of record(), in the bucket; 0: it isn't stored yet.
  [[nodiscard]] std::uint64_t revision() const {
    const std::lock_guard lock(mutex_);
    return revision_;
  }
  // Whether an update() or remove() found that somebody else had changed the record.
  [[nodiscard]] bool lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
  }

  // Finds out whether an update whose answer was lost happened, so that record() is what is stored.
  [[nodiscard]] Result<void> settle() {
    const std::lock_guard lock(mutex_);
    return settle_locked();
  }

  // Applies `change` and stores the outcome. On an error record() is as before; for kUnavailable it
  // may be stored all the same, which the next update() finds out. Errors: kConflict: somebody else
  // changed the record, so this job isn't ours any more.
  [[nodiscard]] Result<void> update(const std::function<void(Record&)>& change) {
    const std::lock_guard lock(mutex_);
    if (auto settled = settle_locked(); !settled) {
      return settled;
    }
    Record next = record_;
    change(next);
    std::string text = serialize(next);
    auto revision = kv_.put(key_, text, revision_);
    if (!revision) {
      lost_ = lost_ || revision.error().code == ErrorCode::kConflict;
      if (revision.error().action() == Action::kRetry) {
        unknown_ = Attempt{std::move(next), std::move(text)};
      }
      return fail(revision.error().with_context("job record " + key_));
    }
    record_ = std::move(next);
    revision_ = *revision;
    wrote_ = true;
    return {};
  }

  // Removes the record. Errors: as update().
  [[nodiscard]] Result<void> remove() {
    const std::lock_guard lock(mutex_);
    if (auto settled = settle_locked(); !settled) {
      return settled;
    }
    auto removed = kv_.remove(key_, revision_);
    lost_ = lost_ || (!removed && removed.error().code == ErrorCode::kConflict);
    return removed;
  }

  // A keeper of what is stored now, whoever wrote it. If the bucket has lost its latest writes, and
  // has the job as `server`'s, which this one wrote for, then record() is stored again: a load,
  // say, would publish once more what it published since. Errors: kNotFound; kCorrupt; as update().
  [[nodiscard]] Result<std::shared_ptr<RecordKeeper>> read_again(const std::string& server) const {
    const std::lock_guard lock(mutex_);
    const auto entry = kv_.get(key_);
    if (!entry) {
      return fail(entry.error().with_context("job record " + key_));
    }
    auto stored = parse_record<Record>(entry->value);
    if (!stored) {
      return fail(stored.error());
    }
    const bool later = wrote_ && entry->revision < revision_ && stored->job.info.server == server;
    auto keeper =
        std::make_shared<RecordKeeper>(kv_, later ? record_ : std::move(*stored), entry->revision);
    if (auto put = later ? keeper->update([](Record&) {}) : Result<void>(); !put) {
      return fail(put.error());
    }
    return keeper;
  }

 private:
  struct Attempt {
    Record record;
    std::string text;
  };

  Result<void> settle_locked() {
    if (!unknown_) {
      return {};
    }
    auto entry = kv_.get(key_);
    if (!entry && entry.error().action() != Action::kNotFound) {
      return fail(entry.error().with_context("job record " + key_));
    }
    if (entry && entry->revision != revision_ && entry->value == unknown_->text) {
      record_ = std::move(unknown_->record);
      revision_ = entry->revision;
      wrote_ = true;
    }
    unknown_.reset();
    return {};
  }

  nats::KeyValue& kv_;
  const std::string key_;
  mutable std::mutex mutex_;
  Record record_;
  std::uint64_t revision_;
  std::optional<Attempt> unknown_;
  bool wrote_ = false;  // record() is by update()
  bool lost_ = false;
};

}  // namespace nats3::jobs
