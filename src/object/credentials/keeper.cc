#include "object/credentials/keeper.h"

#include <algorithm>
#include <utility>

namespace nats3::object {
namespace {

constexpr std::chrono::minutes kRenewAhead{10};
// Before the next attempt to renew what couldn't be, or what came with its end in the past.
constexpr std::chrono::seconds kRenewPause{30};
// Between two that follow a refusal: where it is about rights, new credentials don't help.
constexpr std::chrono::seconds kRefusalPause{10};
// All that wait for credentials learn from one failure.
constexpr std::chrono::seconds kFailurePause{1};

Result<ExpiringCredentials> fetch_checked(CredentialsSource& source) {
  auto fetched = source.fetch();
  if (!fetched) {
    return fetched;
  }
  if (const auto checked = check_credentials(fetched->keys); !checked) {
    return fail(ErrorCode::kDenied, checked.error().with_context(source.describe()).message);
  }
  return fetched;
}

}  // namespace

CredentialsKeeper::CredentialsKeeper(std::shared_ptr<CredentialsSource> source, const Clock& clock)
    : source_(std::move(source)), clock_(clock) {}

Result<Credentials> CredentialsKeeper::get(Timestamp now) {
  Lock lock(mutex_);
  if (!are_due(now)) {
    return current_->keys;
  }
  return fetch(lock, now);
}

std::optional<Credentials> CredentialsKeeper::instead_of(const Credentials& refused,
                                                         Timestamp now) {
  Lock lock(mutex_);
  if (current_ && current_->keys == refused) {
    if (clock_.monotonic() - last_fetch_ < kRefusalPause) {
      return std::nullopt;
    }
    refused_ = true;
  }
  const auto others = are_due(now) ? fetch(lock, now) : Result<Credentials>(current_->keys);
  return others && *others != refused ? std::optional(*others) : std::nullopt;
}

bool CredentialsKeeper::hold(Timestamp now) const {
  return current_ && !refused_ && (!current_->expires || now < *current_->expires);
}

bool CredentialsKeeper::are_due(Timestamp now) const {
  if (!current_ || refused_) {
    return true;
  }
  if (!current_->expires || now < renew_at_) {
    return false;
  }
  const bool ended = now >= *current_->expires;
  return (ended && failure_) || clock_.monotonic() >= rest_until_;
}

Result<Credentials> CredentialsKeeper::fetch(Lock& lock, Timestamp now) {
  if (fetching_ && hold(now)) {
    return current_->keys;
  }
  const bool failed_just_now = failure_ && clock_.monotonic() - last_fetch_ < kFailurePause;
  if (fetching_) {
    fetched_.wait(lock, [this, before = fetches_] { return fetches_ != before; });
  } else if (!failed_just_now) {
    fetching_ = true;
    lock.unlock();
    auto fetched = fetch_checked(*source_);
    lock.lock();
    fetching_ = false;
    ++fetches_;
    last_fetch_ = clock_.monotonic();
    rest_until_ = last_fetch_ + kRenewPause;
    failure_ = fetched ? std::nullopt : std::optional(fetched.error());
    if (fetched) {
      keep(std::move(*fetched), now);
    }
    fetched_.notify_all();
  }
  if (failure_ && !hold(now)) {
    return fail(*failure_);
  }
  return current_->keys;
}

void CredentialsKeeper::keep(ExpiringCredentials fetched, Timestamp now) {
  refused_ = false;
  if (fetched.expires) {
    const auto left = std::max(*fetched.expires - now, std::chrono::nanoseconds::zero());
    renew_at_ = *fetched.expires - std::min<std::chrono::nanoseconds>(kRenewAhead, left / 4);
    rest_until_ = left > kFailurePause ? last_fetch_ : rest_until_;
  }
  current_ = std::move(fetched);
}

}  // namespace nats3::object
