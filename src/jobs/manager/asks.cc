#include "jobs/manager/asks.h"

#include <fmt/format.h>

#include <optional>

namespace nats3::jobs {
namespace {

constexpr std::string_view kPrefix = "ask.";
constexpr std::string_view kPause = "pause";
constexpr std::string_view kRemove = "remove";
constexpr std::string_view kTell = "ask.tell.";
// What others asked, in characters, that is kept when one more asks: a few of them.
constexpr std::size_t kKeptAsks = 256;
constexpr std::size_t kMostAsks = 512;

std::string key_of(JobKind kind, const std::string& job) {
  return fmt::format("{}{}.{}", kPrefix, to_string(kind), job);
}

std::string tell_key(JobKind kind, const std::string& job) {
  return fmt::format("{}{}.{}", kTell, to_string(kind), job);
}

// ask.tell.<kind>.<job>: <ask> <ask> ...
std::optional<Ask> parse_tell(const nats::KvChange& change) {
  for (const JobKind kind : {JobKind::kStore, JobKind::kLoad, JobKind::kVerify}) {
    const std::string prefix = tell_key(kind, "");
    if (change.value && change.value->size() <= kMostAsks && change.key.starts_with(prefix)) {
      return Ask{kind, change.key.substr(prefix.size()), Ask::Verb::kTell, *change.value};
    }
  }
  return std::nullopt;
}

// ask.<kind>.<job>: <verb>
std::optional<Ask> parse_ask(const nats::KvChange& change) {
  if (change.key.starts_with(kTell)) {
    return parse_tell(change);
  }
  for (const JobKind kind : {JobKind::kStore, JobKind::kLoad, JobKind::kVerify}) {
    const std::string prefix = key_of(kind, "");
    if (!change.value || !change.key.starts_with(prefix)) {
      continue;
    }
    const std::string job = change.key.substr(prefix.size());
    if (*change.value == kPause) {
      return Ask{kind, job, Ask::Verb::kPause};
    }
    if (*change.value == kRemove) {
      return Ask{kind, job, Ask::Verb::kRemove};
    }
  }
  return std::nullopt;
}

}  // namespace

// Of two that ask at once the later one prevails, and the earlier one asks again.
Result<void> Asks::put(const Ask& ask) {
  const std::string key = key_of(ask.kind, ask.job);
  const auto there = kv_.get(key);
  if (!there && there.error().action() != Action::kNotFound) {
    return fail(there.error());
  }
  const auto put =
      kv_.put(key, ask.verb == Ask::Verb::kPause ? kPause : kRemove, there ? there->revision : 0);
  if (!put && put.error().code != ErrorCode::kConflict) {
    return fail(put.error());
  }
  return {};
}

Result<void> Asks::put_tell(JobKind kind, const std::string& job, const std::string& ask) {
  const std::string key = tell_key(kind, job);
  Result<std::uint64_t> put;
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto there = kv_.get(key);
    if (!there && there.error().action() != Action::kNotFound) {
      return fail(there.error());
    }
    std::string others = there ? there->value : "";
    if (others.size() > kKeptAsks) {
      others.erase(0, others.find(' ', others.size() - kKeptAsks));
    }
    put = kv_.put(key, fmt::format("{} {}", others, ask), there ? there->revision : 0);
    if (put || put.error().code != ErrorCode::kConflict) {
      break;
    }
  }
  return put.map([](std::uint64_t) {});
}

Result<void> Asks::withdraw(JobKind kind, const std::string& job) {
  const std::string key = key_of(kind, job);
  const auto there = kv_.get(key);
  if (!there) {
    return there.error().action() == Action::kNotFound ? Result<void>() : fail(there.error());
  }
  return kv_.remove(key, there->revision);
}

Result<std::vector<Ask>> Asks::take() {
  const std::lock_guard lock(mutex_);
  auto changes = kv_.changes(std::string(kPrefix), seen_);
  if (!changes) {
    return fail(changes.error());
  }
  std::vector<Ask> asks;
  for (const auto& change : *changes) {
    seen_ = std::max(seen_, change.revision);
    if (auto ask = parse_ask(change)) {
      asks.push_back(std::move(*ask));
    }
  }
  return asks;
}

}  // namespace nats3::jobs
