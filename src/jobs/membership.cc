#include "jobs/membership.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/time_text.h"
#include "base/uuid.h"

namespace nats3::jobs {
namespace {

constexpr std::string_view kPrefix = "server.";

// Entries are written by servers of any version, and by whoever has access to the bucket.
Result<ServerInfo> parse_server(const nats::KvEntry& entry) {
  const auto json = parse_json(entry.value);
  if (!json) {
    return fail(json.error());
  }
  try {
    const auto started = parse_time(json->at("started").get<std::string>());
    if (!started) {
      return fail(started.error());
    }
    return ServerInfo{.id = entry.key.substr(kPrefix.size()),
                      .name = json->at("name").get<std::string>(),
                      .version = json->at("version").get<std::string>(),
                      .started = *started};
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kCorrupt, error.what());
  }
}

Result<std::string> nonce_of(const nats::KvEntry& entry) {
  const auto json = parse_json(entry.value);
  return json && json->is_object() ? json->value("nonce", std::string()) : std::string();
}

}  // namespace

Membership::Membership(nats::KeyValue& kv, const Clock& clock, ServerInfo self)
    : kv_(kv),
      clock_(clock),
      self_(std::move(self)),
      key_(fmt::format("{}{}", kPrefix, self_.id)),
      nonce_(make_uuid()) {}

// Another one each time: a renewal must not be taken for an earlier one whose answer was lost,
// since the entry's age counts from when it was written.
std::string Membership::next_entry() {
  return Json{{"name", self_.name},
              {"version", self_.version},
              {"started", format_time(self_.started)},
              {"nonce", nonce_},
              {"renewal", ++renewals_}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Writes our entry over the one before, which may be one whose answer was lost. At the first time
// over whatever is there: an earlier process of this identity is dead.
Result<void> Membership::put() {
  const std::string entry = next_entry();
  auto written = kv_.put(key_, entry, revision_);
  if (!written && written.error().code == ErrorCode::kConflict) {
    const auto there = kv_.get(key_);
    if (!there && there.error().action() != Action::kNotFound) {
      return fail(there.error());
    }
    if (there && revision_ != 0 && nonce_of(*there) != nonce_) {
      replaced_ = true;
      usable_until_ = 0;
      return fail(ErrorCode::kConflict,
                  fmt::format("another process runs as server {} ('{}'): this one does nothing "
                              "more; give one of them another server.addr or host name",
                              self_.id, self_.name));
    }
    written = kv_.put(key_, entry, there ? there->revision : 0);
  }
  if (!written) {
    return fail(written.error());
  }
  revision_ = *written;
  return {};
}

Result<void> Membership::renew() {
  if (replaced_) {
    return fail(ErrorCode::kConflict, "another process has this server's identity");
  }
  const MonotonicTime asked = clock_.monotonic();
  auto written = put();
  {
    const std::lock_guard lock(mutex_);
    trouble_ = written ? "" : written.error().message;
  }
  if (!written) {
    return fail(written.error().with_context("renewing this server's lease"));
  }
  {
    const std::lock_guard lock(mutex_);
    if (!held()) {
      held_since_ = asked;
    }
    usable_until_ = (asked + kUsable).time_since_epoch().count();
  }
  const MonotonicTime looking = clock_.monotonic();
  const auto entries = kv_.list(std::string(kPrefix));
  if (!entries) {
    return fail(entries.error().with_context("listing the servers"));
  }
  take_in(*entries, looking);
  return {};
}

// `looking`: before the entries were asked for.
void Membership::take_in(const std::vector<nats::KvEntry>& entries, MonotonicTime looking) {
  std::vector<ServerInfo> servers;
  std::map<std::string, Seen> seen;
  const std::lock_guard lock(mutex_);
  for (const auto& there : entries) {
    auto server = parse_server(there);
    if (!server) {
      continue;
    }
    const auto before = seen_.find(server->id);
    const bool same = before != seen_.end() && before->second.revision == there.revision;
    seen[server->id] = same ? before->second
                            : Seen{there.revision, looked_ ? std::optional(looking) : std::nullopt};
    servers.push_back(std::move(*server));
  }
  servers_ = std::move(servers);
  seen_ = std::move(seen);
  looked_ = true;
}

void Membership::leave() {
  usable_until_ = 0;
  if (revision_ != 0 && !replaced_) {
    static_cast<void>(kv_.remove(key_, revision_));
  }
  replaced_ = true;
}

bool Membership::held() const {
  return clock_.monotonic().time_since_epoch().count() < usable_until_.load();
}

std::string Membership::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

bool Membership::renews(const std::string& server) const {
  const std::lock_guard lock(mutex_);
  const auto seen = seen_.find(server);
  return seen != seen_.end() && seen->second.since &&
         clock_.monotonic() < *seen->second.since + kSeenRenewing;
}

std::optional<MonotonicTime> Membership::held_since() const {
  const std::lock_guard lock(mutex_);
  return held() ? std::optional(held_since_) : std::nullopt;
}

std::vector<ServerInfo> Membership::servers() const {
  const std::lock_guard lock(mutex_);
  return servers_;
}

}  // namespace nats3::jobs
