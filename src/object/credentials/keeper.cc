#include "object/credentials/keeper.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace nats3::object {
namespace {

using std::chrono::seconds;

constexpr std::chrono::minutes kRenewAhead{10};
// Before the next attempt to renew what couldn't be, or what came with its end in the past.
constexpr seconds kRenewPause{30};
// All that wait for the first ones learn from one failure.
constexpr seconds kFailurePause{1};
// Between two attempts that follow refusals: where these are about rights, others don't help.
constexpr seconds kFirstRefusalPause{10};
constexpr seconds kLongestRefusalPause{60};

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

CredentialsKeeper::CredentialsKeeper(std::shared_ptr<CredentialsSource> source, const Clock& clock,
                                     Observer observer)
    : source_(std::move(source)),
      clock_(clock),
      observer_(std::move(observer)),
      refusal_pause_(kFirstRefusalPause) {}

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
  const MonotonicTime at = clock_.monotonic();
  if (current_ && current_->keys == refused) {
    if (at - last_refusal_ > 2 * kLongestRefusalPause) {
      refusal_pause_ = kFirstRefusalPause;
    }
    last_refusal_ = at;
    if (at - last_fetch_ < refusal_pause_) {
      return std::nullopt;
    }
    refusal_pause_ = std::min(2 * refusal_pause_, kLongestRefusalPause);
    refused_ = true;
  }
  const auto others = are_due(now) ? fetch(lock, now) : Result<Credentials>(current_->keys);
  return others && *others != refused ? std::optional(*others) : std::nullopt;
}

std::optional<Error> CredentialsKeeper::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

bool CredentialsKeeper::hold(Timestamp now) const {
  return current_ && (!current_->expires || now < *current_->expires);
}

bool CredentialsKeeper::are_due(Timestamp now) const {
  if (!current_ || refused_) {
    return true;
  }
  return current_->expires && now >= renew_at_ && clock_.monotonic() >= rest_until_;
}

Result<Credentials> CredentialsKeeper::fetch(Lock& lock, Timestamp now) {
  if (fetching_ && hold(now)) {
    return current_->keys;
  }
  const bool failed_just_now =
      !current_ && trouble_ && clock_.monotonic() - last_fetch_ < kFailurePause;
  if (fetching_) {
    fetched_.wait(lock, [this, before = fetches_] { return fetches_ != before; });
  } else if (!failed_just_now) {
    ask(lock, now);
  }
  return current_ ? Result<Credentials>(current_->keys) : fail(*trouble_);
}

void CredentialsKeeper::ask(Lock& lock, Timestamp now) {
  const bool was_in_trouble = trouble_.has_value();
  fetching_ = true;
  lock.unlock();
  Result<ExpiringCredentials> fetched = fail(ErrorCode::kInternal, "");
  try {
    fetched = fetch_checked(*source_);
  } catch (const std::exception& error) {  // no memory: nobody may wait for this for ever
    fetched = fail(ErrorCode::kUnavailable, error.what());
  }
  if (observer_ && was_in_trouble == fetched.has_value()) {
    observer_(fetched ? std::nullopt : std::optional(fetched.error()));
  }
  lock.lock();
  fetching_ = false;
  ++fetches_;
  take(std::move(fetched), now);
  fetched_.notify_all();
}

void CredentialsKeeper::take(Result<ExpiringCredentials> fetched, Timestamp now) {
  last_fetch_ = clock_.monotonic();
  rest_until_ = last_fetch_ + kRenewPause;
  refused_ = false;
  trouble_ = fetched ? std::nullopt : std::optional(fetched.error());
  if (!fetched) {
    return;
  }
  if (fetched->expires) {
    const auto left = std::max(*fetched->expires - now, std::chrono::nanoseconds::zero());
    renew_at_ = *fetched->expires - std::min<std::chrono::nanoseconds>(kRenewAhead, left / 4);
    rest_until_ = left > kFailurePause ? last_fetch_ : rest_until_;
  }
  current_ = std::move(*fetched);
}

}  // namespace nats3::object
