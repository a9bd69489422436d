#include "jobs/job_manager.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "base/digest.h"
#include "jobs/places.h"
#include "jobs/spec_check.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::milliseconds kTick{1'000};
// A lease younger than this doesn't take over: after an outage of NATS all leases are gone, and the
// others are about to renew theirs.
constexpr std::chrono::milliseconds kSettling = 2 * Membership::kRenewal;
// How long another server may take to do what it is asked: to write what the job holds, at most.
constexpr std::chrono::seconds kAskTimeout{60};
constexpr std::chrono::seconds kAskAgain{4};
constexpr std::chrono::milliseconds kLook{50};

}  // namespace

JobManager::JobManager(const JobEnvironment& environment, Membership& membership,
                       nats::KeyValue& leases)
    : environment_(environment),
      membership_(membership),
      asks_(leases),
      backoff_({}, static_cast<std::uint32_t>(xxh3_64(environment.server))),
      stores_(environment),
      loads_(environment),
      verifications_(environment) {}

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
  auto done = sync();
  if (done && membership_.held()) {
    done = do_asks();
    share_out();
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
    spdlog::info("{} jobs on record, {} servers",
                 stores_.list().size() + loads_.list().size() + verifications_.list().size(),
                 membership_.servers().size());
  }
  start_trouble_ = trouble;
}

// Takes in what has changed on record. One that began after it was asked for serves all who asked.
Result<void> JobManager::sync() {
  const std::uint64_t asked = ++syncs_asked_;
  const std::lock_guard lock(sync_mutex_);
  if (served_ < asked) {
    served_ = syncs_asked_;
    last_sync_ = sync_now();
  }
  return last_sync_;
}

Result<void> JobManager::sync_now() {
  const auto changes = environment_.kv.changes("job.", seen_);
  synced_ = changes.has_value();
  if (!changes) {
    return fail(changes.error());
  }
  for (const auto& change : *changes) {
    apply(change);
    seen_ = std::max(seen_, change.revision);
  }
  return {};
}

// For who reads: as fresh as NATS allows, and what is known while it is away, without waiting for
// it.
void JobManager::refresh() {
  if (synced_) {
    static_cast<void>(sync());
  }
}

void JobManager::apply(const nats::KvChange& change) {
  constexpr std::string_view kStorePrefix = "job.store.";
  constexpr std::string_view kLoadPrefix = "job.load.";
  constexpr std::string_view kVerifyPrefix = "job.verify.";
  Result<void> applied;
  if (change.key.starts_with(kStorePrefix)) {
    if (!change.value) {
      return stores_.forget(change.key.substr(kStorePrefix.size()));
    }
    applied = parse_store_record(*change.value).map([&](StoreRecord record) {
      stores_.apply(std::move(record), change.revision);
    });
  } else if (change.key.starts_with(kLoadPrefix)) {
    if (!change.value) {
      return loads_.forget(change.key.substr(kLoadPrefix.size()));
    }
    applied = parse_load_record(*change.value).map([&](LoadRecord record) {
      loads_.apply(std::move(record), change.revision);
    });
  } else if (change.key.starts_with(kVerifyPrefix)) {
    if (!change.value) {
      return verifications_.forget(change.key.substr(kVerifyPrefix.size()));
    }
    applied = parse_verify_record(*change.value).map([&](VerifyRecord record) {
      verifications_.apply(std::move(record), change.revision);
    });
  }
  if (!applied) {
    spdlog::error("{} can't be read and is left alone: {}", change.key, applied.error().message);
  }
}

// Does what other servers ask of jobs that are this one's; what it comes to shows on record.
Result<void> JobManager::do_asks() {
  const auto asks = asks_.take();
  if (!asks) {
    return fail(asks.error());
  }
  for (const Ask& ask : *asks) {
    const auto pause_or_remove = [ask](auto& table) {
      if (ask.verb == Ask::Verb::kPause) {
        static_cast<void>(table.pause(ask.job));
      } else {
        static_cast<void>(table.remove(ask.job));
      }
    };
    if (ask.kind == JobKind::kStore && stores_.is_ours(ask.job)) {
      environment_.waits.post([this, pause_or_remove] { pause_or_remove(stores_); });
    } else if (ask.kind == JobKind::kLoad && loads_.is_ours(ask.job)) {
      environment_.waits.post([this, pause_or_remove] { pause_or_remove(loads_); });
    } else if (ask.kind == JobKind::kVerify && verifications_.is_ours(ask.job)) {
      environment_.waits.post([this, pause_or_remove] { pause_or_remove(verifications_); });
    }
  }
  return {};
}

template <typename Job>
void JobManager::add_wanted(const std::vector<Job>& of_kind, std::string_view kind,
                            std::vector<AssignedJob>& jobs) const {
  for (const auto& job : of_kind) {
    if (is_wanted(job.info.status)) {
      jobs.push_back({fmt::format("{}.{}", kind, job.info.id), job.info.server});
    }
  }
}

// Jobs of this server that it isn't at work at. When it has just started, an earlier process had
// them. Later it is the other way round, or it lost sight of them: if a later process had taken its
// place, it would find out by its lease.
template <typename Table>
void JobManager::claim_own(Table& table, const std::vector<typename Table::Job>& jobs) {
  const MonotonicTime now = environment_.control.clock().monotonic();
  for (const auto& job : jobs) {
    if (!is_wanted(job.info.status) || job.info.server != environment_.server ||
        table.is_ours(job.info.id)) {
      idle_since_.erase(job.info.id);
      continue;
    }
    const auto since = idle_since_.try_emplace(job.info.id, now).first->second;
    if (!settled_ || now >= since + kSettling) {
      idle_since_.erase(job.info.id);
      table.claim(job.info.id);
    }
  }
}

bool JobManager::may_take_over() const {
  const auto since = membership_.held_since();
  return since && environment_.control.clock().monotonic() >= *since + kSettling;
}

void JobManager::share_out() {
  stores_.let_go_of_stopped();
  loads_.let_go_of_stopped();
  verifications_.let_go_of_stopped();
  const auto stores = stores_.list();
  const auto loads = loads_.list();
  const auto verifications = verifications_.list();
  claim_own(stores_, stores);
  claim_own(loads_, loads);
  claim_own(verifications_, verifications);
  settled_ = true;
  std::vector<AssignedJob> jobs;
  add_wanted(stores, "store", jobs);
  add_wanted(loads, "load", jobs);
  add_wanted(verifications, "verify", jobs);
  std::vector<std::string> servers;
  for (const ServerInfo& server : membership_.servers()) {
    servers.push_back(server.id);
  }
  if (!may_take_over()) {
    std::erase_if(jobs, [&](const AssignedJob& job) {
      return !job.holder.empty() && std::ranges::find(servers, job.holder) == servers.end();
    });
  }
  const Plan plan = plan_assignment(std::move(jobs), servers, environment_.server);
  const auto each = [&](const std::vector<std::string>& ids, auto act) {
    for (const std::string& id : ids) {
      const auto dot = id.find('.');
      const std::string job = id.substr(dot + 1);
      id.starts_with("store")  ? act(stores_, job)
      : id.starts_with("load") ? act(loads_, job)
                               : act(verifications_, job);
    }
  };
  each(plan.claim, [](auto& table, const std::string& job) { table.claim(job); });
  each(plan.release, [](auto& table, const std::string& job) { table.release(job); });
}

void JobManager::stop(std::chrono::milliseconds timeout) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stores_.request_stop();
  loads_.request_stop();
  verifications_.request_stop();
  const MonotonicTime deadline = Clock::system().monotonic() + timeout;
  stores_.wait_stopped(deadline);
  loads_.wait_stopped(deadline);
  verifications_.wait_stopped(deadline);
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

Result<void> JobManager::check_free(const StoreSpec& spec) const {
  for (const StoreJob& other : stores_.list()) {
    if (same_place(other.spec, spec)) {
      return fail(place_taken(spec, fmt::format("{} ('{}')", other.info.id, other.spec.name)));
    }
  }
  return {};
}

Result<StoreJob> JobManager::create(StoreSpec spec, Start start) {
  const std::lock_guard lock(create_mutex_);
  auto checked = check_started()
                     .and_then([&] { return sync(); })
                     .and_then([&] { return check_free(spec); })
                     .and_then([&] { return check_spec(environment_, std::move(spec)); });
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
  auto added = stores_.add(std::move(record));
  if (!added) {
    free_place(environment_.kv, placed, id);
  }
  return added;
}

Result<LoadJob> JobManager::create(LoadSpec spec, Start start) {
  auto checked = check_started().and_then([&] { return check_spec(environment_, spec); });
  if (!checked) {
    return fail(checked.error());
  }
  LoadRecord record;
  record.job.spec = std::move(spec);
  give_identity(record.job, start);
  return loads_.add(std::move(record));
}

Result<VerifyJob> JobManager::create(VerifySpec spec, Start start) {
  auto checked = check_started().and_then([&] { return check_spec(environment_, spec); });
  if (!checked) {
    return fail(checked.error());
  }
  VerifyRecord record;
  record.job.spec = std::move(spec);
  give_identity(record.job, start);
  return verifications_.add(std::move(record));
}

Result<StoreJob> JobManager::store_job(const std::string& id) {
  refresh();
  return check_started().and_then([&] { return stores_.get(id); });
}
Result<LoadJob> JobManager::load_job(const std::string& id) {
  refresh();
  return check_started().and_then([&] { return loads_.get(id); });
}
Result<VerifyJob> JobManager::verify_job(const std::string& id) {
  refresh();
  return check_started().and_then([&] { return verifications_.get(id); });
}
Result<std::vector<StoreJob>> JobManager::store_jobs() {
  refresh();
  return check_started().map([&] { return stores_.list(); });
}
Result<std::vector<LoadJob>> JobManager::load_jobs() {
  refresh();
  return check_started().map([&] { return loads_.list(); });
}
Result<std::vector<VerifyJob>> JobManager::verify_jobs() {
  refresh();
  return check_started().map([&] { return verifications_.list(); });
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
Result<T> JobManager::where_it_runs(Table& table, const Ask& ask, std::function<Result<T>()> here,
                                    std::function<std::optional<T>()> done_elsewhere) {
  const MonotonicTime deadline = Clock::system().monotonic() + kAskTimeout;
  MonotonicTime next_ask;
  std::string server;
  while (Clock::system().monotonic() < deadline) {
    if (auto synced = check_started().and_then([&] { return sync(); }); !synced) {
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
auto JobManager::pause(Table& table, JobKind kind, const std::string& id) {
  using Job = typename Table::Job;
  return where_it_runs<Table, Job>(
      table, {kind, id, Ask::Verb::kPause}, [&] { return table.pause(id); },
      [&]() -> std::optional<Job> {
        auto job = table.get(id);
        return job && !is_wanted(job->info.status) ? std::optional(std::move(*job)) : std::nullopt;
      });
}

template <typename Table>
Result<void> JobManager::remove(Table& table, JobKind kind, const std::string& id) {
  return where_it_runs<Table, bool>(
             table, {kind, id, Ask::Verb::kRemove},
             [&] { return table.remove(id).map([] { return true; }); },
             [&] { return table.get(id) ? std::nullopt : std::optional(true); })
      .map([](bool) {});
}

Result<StoreJob> JobManager::pause_store(const std::string& id) {
  return pause(stores_, JobKind::kStore, id);
}
Result<LoadJob> JobManager::pause_load(const std::string& id) {
  return pause(loads_, JobKind::kLoad, id);
}
Result<VerifyJob> JobManager::pause_verify(const std::string& id) {
  return pause(verifications_, JobKind::kVerify, id);
}
Result<StoreJob> JobManager::resume_store(const std::string& id) {
  return check_started()
      .and_then([&] { return asks_.withdraw(JobKind::kStore, id); })
      .and_then([&] { return sync(); })
      .and_then([&] { return stores_.resume(id); });
}
Result<LoadJob> JobManager::resume_load(const std::string& id) {
  return check_started()
      .and_then([&] { return asks_.withdraw(JobKind::kLoad, id); })
      .and_then([&] { return sync(); })
      .and_then([&] { return loads_.resume(id); });
}
Result<VerifyJob> JobManager::resume_verify(const std::string& id) {
  return check_started()
      .and_then([&] { return asks_.withdraw(JobKind::kVerify, id); })
      .and_then([&] { return sync(); })
      .and_then([&] { return verifications_.resume(id); });
}
Result<void> JobManager::remove_store(const std::string& id) {
  const auto job = stores_.get(id);
  return remove(stores_, JobKind::kStore, id).map([&] {
    if (job) {
      free_place(environment_.kv, job->spec, id);
    }
  });
}
Result<void> JobManager::remove_load(const std::string& id) {
  return remove(loads_, JobKind::kLoad, id);
}
Result<void> JobManager::remove_verify(const std::string& id) {
  return remove(verifications_, JobKind::kVerify, id);
}

Result<std::vector<ServerStatus>> JobManager::servers() {
  if (auto started = check_started(); !started) {
    return fail(started.error());
  }
  refresh();
  std::vector<ServerStatus> servers;
  for (const ServerInfo& info : membership_.servers()) {
    ServerStatus status{.info = info, .self = info.id == environment_.server};
    for (const StoreJob& job : stores_.list()) {
      status.store_jobs += job.info.server == info.id ? 1 : 0;
    }
    for (const LoadJob& job : loads_.list()) {
      status.load_jobs += job.info.server == info.id ? 1 : 0;
    }
    for (const VerifyJob& job : verifications_.list()) {
      status.verify_jobs += job.info.server == info.id ? 1 : 0;
    }
    servers.push_back(std::move(status));
  }
  return servers;
}

}  // namespace nats3::jobs
