// RecordKeeper: the one writer of one job's record, and a copy of it for whoever asks.
//
// Thread-safe. update() does a round trip to NATS.
#pragma once

#include <functional>
#include <mutex>
#include <string>

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
  // Whether the last update() found that somebody else had changed the record.
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
      lost_ = revision.error().code == ErrorCode::kConflict;
      if (revision.error().action() == Action::kRetry) {
        unknown_ = Attempt{std::move(next), std::move(text)};
      }
      return fail(revision.error().with_context("job record " + key_));
    }
    record_ = std::move(next);
    revision_ = *revision;
    return {};
  }

  // Removes the record. Errors: as update().
  [[nodiscard]] Result<void> remove() {
    const std::lock_guard lock(mutex_);
    if (auto settled = settle_locked(); !settled) {
      return settled;
    }
    return kv_.remove(key_, revision_);
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
  bool lost_ = false;
};

}  // namespace nats3::jobs
