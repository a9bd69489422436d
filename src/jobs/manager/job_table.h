// JobTable: the jobs of one kind, as they are on record, and which of them are this server's.
//
// A job is this server's while its runner is at work; that it may be is said by the job's record,
// whose holder the runner sets when it begins. What other servers do with the others arrives by
// apply().
//
// Thread-safe. Operations on one job wait for each other; those on different jobs don't.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobs/manager/job_entry.h"

namespace nats3::jobs {

template <typename Runner, typename Record>
class JobTable {
 public:
  using Entry = JobEntry<Runner, Record>;
  using Job = typename Entry::Job;
  static constexpr JobKind kKind = Record::kKind;

  explicit JobTable(const JobEnvironment& environment) : environment_(environment) {}

  // Puts a new job on record and starts it, unless it is paused. Returns it as it was before its
  // first step. Errors: kUnavailable: it isn't known whether it is on record; this table never
  // takes it in, and take_back_unmade() takes it off.
  Result<Job> add(Record record) {
    if (is_wanted(record.job.info.status)) {
      record.job.info.server = environment_.server;
    }
    const std::string id = record.job.info.id;
    begin_making(id);
    auto entry = std::make_shared<Entry>(environment_, record, std::uint64_t{0});
    const auto made = entry->put_on_record(environment_.create_patience);
    const bool unknown = !made && made.error().action() == Action::kRetry;
    if (unknown) {
      set_unmade(record);
    }
    if (made == Made::kHere) {
      insert(id, entry);
      entry->start();
    }
    end_making(id);
    if (unknown) {
      return fail(made.error().with_context(
          fmt::format("it isn't known whether job {} got on record; this server takes it off again "
                      "once NATS answers",
                      id)));
    }
    return made ? Result<Job>(record.job) : fail(made.error());
  }

  // Takes jobs off the record that add() couldn't tell whether they are there, whoever works at
  // them by now. Calls `gone` with each that isn't there any more. Errors: kUnavailable, kConflict:
  // call it again.
  Result<void> take_back_unmade(const std::function<void(const Record&)>& gone) {
    const std::lock_guard one_at_a_time(unmade_mutex_);
    for (const Record& record : to_take_back()) {
      set_taken_back(record.job.info.id, true);  // before it is, as it may come again after that
      if (auto removed = take_off_record(record.job.info.id); !removed) {
        set_taken_back(record.job.info.id, false);
        return removed;
      }
      gone(record);
    }
    return {};
  }

  // Takes note of a record that came from the bucket.
  void apply(Record record, std::uint64_t revision) {
    const std::string id = record.job.info.id;
    if (is_kept_out(record, revision)) {
      return;
    }
    if (const auto entry = find(id)) {
      (*entry)->apply(std::move(record), revision);
    } else {
      insert(id, std::make_shared<Entry>(environment_, std::move(record), revision));
    }
  }

  // Takes note that a record was removed.
  void forget(const std::string& id) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto making = making_.find(id); making != making_.end()) {
        making->second.reset();
      }
    }
    if (const auto entry = find(id)) {
      (*entry)->forget();
      erase(id);
    }
  }

  Result<Job> get(const std::string& id) const {
    return find(id).map([](const auto& entry) { return entry->snapshot(); });
  }

  std::vector<std::string> ids() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, entry] : entries_) {
      ids.push_back(id);
    }
    return ids;
  }

  // Newest first.
  std::vector<Job> list() const {
    std::vector<Job> jobs;
    for (const auto& entry : entries()) {
      jobs.push_back(entry->snapshot());
    }
    std::ranges::sort(jobs, std::greater<>{},
                      [](const Job& job) { return std::pair(job.info.created, job.info.id); });
    return jobs;
  }

  // Has a job that is this server's put on record how it is, for those who ask.
  void tell(const std::string& id, const std::string& asks) {
    if (const auto entry = find(id)) {
      (*entry)->tell(asks);
    }
  }
  // Whether what is on record of the job is the answer to `ask`.
  bool has_told(const std::string& id, const std::string& ask) const {
    const auto entry = find(id);
    return entry && (*entry)->has_told(ask);
  }

  // Whether this server works at the job, or is about to let go of it.
  bool is_ours(const std::string& id) const {
    const auto entry = find(id);
    return entry && (*entry)->running();
  }

  // Begins to work at a job that is wanted and that no living server holds.
  void claim(const std::string& id) {
    if (const auto entry = find(id)) {
      (*entry)->claim();
    }
  }

  // Has the job write what it holds, to be left to another server by settle().
  void release(const std::string& id) {
    if (const auto entry = find(id)) {
      (*entry)->release();
    }
  }

  // Leaves the jobs that were released, and have stopped, to other servers, and reads the records
  // of which what is known may not be so.
  void settle() {
    for (const auto& entry : entries()) {
      entry->settle();
    }
  }

  // The job must be this server's, or nobody's.
  Result<Job> pause(const std::string& id) {
    return find(id).and_then([](const auto& entry) { return entry->pause(); });
  }

  Result<Job> resume(const std::string& id) {
    return find(id).and_then([](const auto& entry) { return entry->resume(); });
  }

  // The job must be this server's, or nobody's.
  Result<void> remove(const std::string& id) {
    return find(id).and_then([](const auto& entry) { return entry->remove(); }).map([&] {
      erase(id);
    });
  }

  // Asks every runner to write what it holds and to stop.
  void request_stop() {
    for (const auto& entry : entries()) {
      entry->request_stop();
    }
  }

  // Waits for them until `deadline`, drops what isn't written by then, and leaves the jobs to other
  // servers.
  void wait_stopped(MonotonicTime deadline) {
    for (const auto& entry : entries()) {
      entry->wait_stopped(deadline);
    }
  }

 private:
  struct Change {
    Record record;
    std::uint64_t revision = 0;
  };
  struct Unmade {
    Record record;
    bool taken_back = false;  // until it comes late
  };

  // From here on until end_making() what comes of the job is kept, as the job isn't here yet.
  void begin_making(const std::string& id) {
    const std::lock_guard lock(mutex_);
    making_[id];
  }

  void end_making(const std::string& id) {
    std::optional<Change> came;
    {
      const std::lock_guard lock(mutex_);
      came = std::exchange(making_[id], std::nullopt);
      making_.erase(id);
    }
    if (came) {
      apply(std::move(came->record), came->revision);
    }
  }

  void set_unmade(const Record& record) {
    const std::lock_guard lock(mutex_);
    unmade_[record.job.info.id] = {record, false};
  }

  void set_taken_back(const std::string& id, bool taken_back) {
    const std::lock_guard lock(mutex_);
    unmade_[id].taken_back = taken_back;
  }

  Result<void> take_off_record(const std::string& id) {
    const auto there = environment_.kv.get(record_key(kKind, id));
    if (!there) {
      return there.error().action() == Action::kNotFound ? Result<void>() : fail(there.error());
    }
    return environment_.kv.remove(there->key, there->revision);
  }

  std::vector<Record> to_take_back() const {
    const std::lock_guard lock(mutex_);
    std::vector<Record> records;
    for (const auto& [id, unmade] : unmade_) {
      if (!unmade.taken_back) {
        records.push_back(unmade.record);
      }
    }
    return records;
  }

  // Whether a record that came is of a job that is being made, or that counts as not made.
  bool is_kept_out(const Record& record, std::uint64_t revision) {
    const std::lock_guard lock(mutex_);
    if (const auto making = making_.find(record.job.info.id); making != making_.end()) {
      making->second = Change{record, revision};
      return true;
    }
    const auto unmade = unmade_.find(record.job.info.id);
    if (unmade == unmade_.end()) {
      return false;
    }
    unmade->second.taken_back = false;
    return true;
  }

  Result<std::shared_ptr<Entry>> find(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) {
      return fail(job_not_found(id));
    }
    return found->second;
  }

  std::vector<std::shared_ptr<Entry>> entries() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<Entry>> all;
    for (const auto& [id, entry] : entries_) {
      all.push_back(entry);
    }
    return all;
  }

  void insert(const std::string& id, std::shared_ptr<Entry> entry) {
    const std::lock_guard lock(mutex_);
    entries_[id] = std::move(entry);
  }

  void erase(const std::string& id) {
    const std::lock_guard lock(mutex_);
    entries_.erase(id);
  }

  const JobEnvironment& environment_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  std::map<std::string, std::optional<Change>> making_;
  std::map<std::string, Unmade> unmade_;
  std::mutex unmade_mutex_;  // held while they are taken back
};

}  // namespace nats3::jobs
