#include "jobs/manager/job_manager.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "base/digest.h"
#include "jobs/load/load_check.h"
#include "jobs/manager/places.h"
#include "jobs/store/store_check.h"
#include "jobs/verify/verify_check.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::milliseconds kTick{1'000};
// How long another server may take to do what it is asked: to write what the job holds, at most.
constexpr std::chrono::seconds kAskTimeout{60};
constexpr std::chrono::seconds kAskAgain{4};
constexpr std::chrono::milliseconds kLook{50};
// How long another server may take to tell how a job is: it looks every second.
constexpr std::chrono::seconds kTellTimeout{5};

}  // namespace

JobManager::JobManager(const JobEnvironment& environment, Membership& membership,
                       nats::KeyValue& leases)
    : environment_(environment),
      membership_(membership),
      asks_(leases),
      backoff_({}, static_cast<std::uint32_t>(xxh3_64(environment.server))),
      tables_(environment),
      feed_(environment.kv, tables_, environment.control.clock()),
      sharing_(environment, membership, tables_) {}

void JobManager::start() {
  environment_.control.post([this] {
    renew();
    tick();
  });
}

// The loop of the lease.
void JobManager::renew() {
  const auto renewed = membership_.renew();
  const std::string trouble = renewed ? "" : renewed.error().message;
  if (trouble != std::exchange(lease_trouble_, trouble)) {
    renewed ? spdlog::info("this server's lease is held again")
            : spdlog::warn("this server can't work: {}", trouble);
  }
  const auto next = renewed ? Membership::kRenewal : Membership::kRenewal / 4;
  environment_.control.post_at(environment_.control.clock().monotonic() + next,
                               [this] { renew(); });
}

// The loop of the jobs.
void JobManager::tick() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return;
    }
  }
  auto done = feed_.sync();
  if (done) {
    static_cast<void>(take_back_unmade());  // the next tick tries again
  }
  if (done && membership_.held()) {
    done = do_asks();
    sharing_.share_out();
  }
  if (done && !membership_.held()) {
    done = fail(ErrorCode::kUnavailable, lease_trouble_);
  }
  set_start_trouble(done ? "" : done.error().message);
  auto next = kTick;
  if (done) {
    backoff_.reset();
  } else {
    next = std::min<std::chrono::milliseconds>(
        std::chrono::duration_cast<std::chrono::milliseconds>(backoff_.next()), 2 * kTick);
  }
  environment_.control.post_at(environment_.control.clock().monotonic() + next, [this] { tick(); });
}

void JobManager::set_start_trouble(const std::string& trouble) {
  const std::lock_guard lock(mutex_);
  if (started_) {
    return;
  }
  if (!trouble.empty() && trouble != start_trouble_) {
    spdlog::warn("waiting for NATS: {}", trouble);
  }
  if (trouble.empty()) {
    started_ = true;
    std::size_t jobs = 0;
    tables_.each([&](const auto& table) { jobs += table.list().size(); });
    spdlog::info("jobs on record: {}; servers: {}", jobs, membership_.servers().size());
  }
  start_trouble_ = trouble;
}

// Does what other servers ask of jobs that are this one's; what it comes to shows on record.
Result<void> JobManager::do_asks() {
  const auto asks = asks_.take();
  if (!asks) {
    return fail(asks.error());
  }
  for (const Ask& ask : *asks) {
    tables_.of(ask.kind, [&](auto& table) {
      if (!table.is_ours(ask.job)) {
        return;
      }
      if (ask.verb == Ask::Verb::kTell) {
        return table.tell(ask.job, ask.asks);
      }
      environment_.waits.post([&table, ask] {
        if (ask.verb == Ask::Verb::kPause) {
          static_cast<void>(table.pause(ask.job));
        } else {
          static_cast<void>(table.remove(ask.job));
        }
      });
    });
  }
  return {};
}

Result<void> JobManager::take_back_unmade() {
  return tables_.stores
      .take_back_unmade([&](const StoreRecord& record) {
        free_place(environment_.kv, record.job.spec, record.job.info.id);
      })
      .and_then([&] { return tables_.loads.take_back_unmade([](const LoadRecord&) {}); })
      .and_then([&] { return tables_.verifications.take_back_unmade([](const VerifyRecord&) {}); });
}

void JobManager::stop(std::chrono::milliseconds timeout) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  tables_.each([](auto& table) { table.request_stop(); });
  const MonotonicTime deadline = Clock::system().monotonic() + timeout;
  tables_.each([&](auto& table) { table.wait_stopped(deadline); });
}

Result<void> JobManager::check_started() const {
  const std::lock_guard lock(mutex_);
  if (!started_) {
    return fail(ErrorCode::kUnavailable, "not ready: " + start_trouble_);
  }
  return {};
}

Result<void> JobManager::ready() const {
  return check_started().and_then([&] { return environment_.broker.status(); });
}

template <typename Job>
void JobManager::give_identity(Job& job, Start start) const {
  job.info.id = environment_.make_id();
  job.info.status = start == Start::kPaused ? Status::kPaused : Status::kCreated;
  job.info.created = environment_.steps.clock().now();
  job.info.updated = job.info.created;
}

// Who tries again never gets two jobs.
Result<void> JobManager::check_may_create() {
  return check_started().and_then([&] { return take_back_unmade(); }).and_then([&] {
    return feed_.sync();
  });
}

Result<void> JobManager::check_free(const StoreSpec& spec) const {
  for (const StoreJob& other : tables_.stores.list()) {
    if (same_place(other.spec, spec)) {
      return fail(place_taken(spec, fmt::format("{} ('{}')", other.info.id, other.spec.name)));
    }
  }
  return {};
}

Result<StoreJob> JobManager::create(StoreSpec spec, Start start) {
  const std::lock_guard lock(create_mutex_);
  auto checked = check_may_create().and_then([&] { return check_free(spec); }).and_then([&] {
    return check_spec(environment_, std::move(spec), tables_.stores.list());
  });
  if (!checked) {
    return fail(checked.error());
  }
  StoreRecord record;
  record.job.spec = std::move(*checked);
  give_identity(record.job, start);
  const StoreSpec placed = record.job.spec;
  const std::string id = record.job.info.id;
  if (auto taken = take_place(environment_.kv, placed, id, record.job.info.created); !taken) {
    return fail(taken.error());
  }
  auto added = tables_.stores.add(std::move(record));
  if (!added) {
    free_place(environment_.kv, placed, id);
  }
  return added;
}

Result<LoadJob> JobManager::create(LoadSpec spec, Start start) {
  auto checked = check_may_create().and_then(
      [&] { return check_spec(environment_, spec, tables_.stores.list()); });
  if (!checked) {
    return fail(checked.error());
  }
  LoadRecord record;
  record.job.spec = std::move(spec);
  give_identity(record.job, start);
  return tables_.loads.add(std::move(record));
}

Result<VerifyJob> JobManager::create(VerifySpec spec, Start start) {
  auto checked = check_may_create().and_then([&] { return check_spec(environment_, spec); });
  if (!checked) {
    return fail(checked.error());
  }
  VerifyRecord record;
  record.job.spec = std::move(spec);
  give_identity(record.job, start);
  return tables_.verifications.add(std::move(record));
}

Result<StoreJob> JobManager::store_job(const std::string& id) {
  feed_.refresh();
  return check_started().and_then([&] { return tables_.stores.get(id); });
}
Result<StoreJob> JobManager::store_job_right_now(const std::string& id) {
  auto job = store_job(id);
  if (!job || !job->progress.lag || tables_.stores.is_ours(id)) {
    return job;
  }
  const std::string ask = make_uuid();
  const MonotonicTime deadline = Clock::system().monotonic() + kTellTimeout;
  auto asked = asks_.put_tell(JobKind::kStore, id, ask);
  while (asked && Clock::system().monotonic() < deadline) {
    std::this_thread::sleep_for(kLook);
    asked = feed_.sync();
    if (asked && (tables_.stores.has_told(id, ask) || tables_.stores.is_ours(id))) {
      return tables_.stores.get(id);
    }
  }
  return tables_.stores.get(id).map([](StoreJob told) {
    told.progress = without_lag(told.progress);
    return told;
  });
}
Result<LoadJob> JobManager::load_job(const std::string& id) {
  feed_.refresh();
  return check_started().and_then([&] { return tables_.loads.get(id); });
}
Result<VerifyJob> JobManager::verify_job(const std::string& id) {
  feed_.refresh();
  return check_started().and_then([&] { return tables_.verifications.get(id); });
}
Result<std::vector<StoreJob>> JobManager::store_jobs() {
  feed_.refresh();
  return check_started().map([&] { return tables_.stores.list(); });
}
Result<std::vector<LoadJob>> JobManager::load_jobs() {
  feed_.refresh();
  return check_started().map([&] { return tables_.loads.list(); });
}
Result<std::vector<VerifyJob>> JobManager::verify_jobs() {
  feed_.refresh();
  return check_started().map([&] { return tables_.verifications.list(); });
}

template <typename Table>
bool JobManager::is_elsewhere(const Table& table, const JobInfo& info) const {
  if (!is_wanted(info.status) || table.is_ours(info.id) || info.server == environment_.server) {
    return false;
  }
  return std::ranges::any_of(membership_.servers(),
                             [&](const ServerInfo& server) { return server.id == info.server; });
}

template <typename Table, typename T>
Result<T> JobManager::where_it_runs(Table& table, const Ask& ask,
                                    const std::function<Result<T>()>& here,
                                    const std::function<std::optional<T>()>& done_elsewhere) {
  const MonotonicTime deadline = Clock::system().monotonic() + kAskTimeout;
  MonotonicTime next_ask;
  std::string server;
  while (Clock::system().monotonic() < deadline) {
    if (auto synced = check_started().and_then([&] { return feed_.sync(); }); !synced) {
      return fail(synced.error());
    }
    if (!server.empty()) {
      if (auto done = done_elsewhere()) {
        return std::move(*done);
      }
    }
    const auto job = table.get(ask.job);
    if (!job) {
      return fail(job.error());
    }
    if (!is_elsewhere(table, job->info)) {
      auto done = here();
      // Taken by another server just now?
      if (done || done.error().code != ErrorCode::kConflict || !is_wanted(job->info.status)) {
        return done;
      }
    } else {
      server = job->info.server;
      if (Clock::system().monotonic() >= next_ask) {
        next_ask = Clock::system().monotonic() + kAskAgain;
        if (auto asked = asks_.put(ask); !asked) {
          return fail(asked.error());
        }
      }
    }
    std::this_thread::sleep_for(kLook);
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("server {}, which works at job {}, hasn't done it within {} s: try again",
                          server, ask.job, kAskTimeout.count()));
}

template <typename Table>
auto JobManager::pause(Table& table, const std::string& id) {
  using Job = typename Table::Job;
  return where_it_runs<Table, Job>(
      table, {table.kKind, id, Ask::Verb::kPause}, [&] { return table.pause(id); },
      [&]() -> std::optional<Job> {
        auto job = table.get(id);
        return job && !is_wanted(job->info.status) ? std::optional(std::move(*job)) : std::nullopt;
      });
}

template <typename Table>
auto JobManager::resume(Table& table, const std::string& id) {
  return check_started()
      .and_then([&] { return asks_.withdraw(table.kKind, id); })
      .and_then([&] { return feed_.sync(); })
      .and_then([&] { return table.resume(id); });
}

template <typename Table>
Result<void> JobManager::remove(Table& table, const std::string& id) {
  return where_it_runs<Table, bool>(
             table, {table.kKind, id, Ask::Verb::kRemove},
             [&] { return table.remove(id).map([] { return true; }); },
             [&] { return table.get(id) ? std::nullopt : std::optional(true); })
      .map([](bool) {});
}

Result<StoreJob> JobManager::pause_store(const std::string& id) {
  return pause(tables_.stores, id);
}
Result<LoadJob> JobManager::pause_load(const std::string& id) { return pause(tables_.loads, id); }
Result<VerifyJob> JobManager::pause_verify(const std::string& id) {
  return pause(tables_.verifications, id);
}
Result<StoreJob> JobManager::resume_store(const std::string& id) {
  return resume(tables_.stores, id);
}
Result<LoadJob> JobManager::resume_load(const std::string& id) { return resume(tables_.loads, id); }
Result<VerifyJob> JobManager::resume_verify(const std::string& id) {
  return resume(tables_.verifications, id);
}
// Looks at the record first: another server may have made the job a moment ago.
Result<void> JobManager::remove_store(const std::string& id) {
  const auto job = check_started().and_then([&] { return feed_.sync(); }).and_then([&] {
    return tables_.stores.get(id);
  });
  if (!job) {
    return fail(job.error());
  }
  return remove(tables_.stores, id).map([&] { free_place(environment_.kv, job->spec, id); });
}
Result<void> JobManager::remove_load(const std::string& id) { return remove(tables_.loads, id); }
Result<void> JobManager::remove_verify(const std::string& id) {
  return remove(tables_.verifications, id);
}

Result<std::vector<ServerStatus>> JobManager::servers() {
  if (auto started = check_started(); !started) {
    return fail(started.error());
  }
  feed_.refresh();
  return sharing_.servers();
}

}  // namespace nats3::jobs
