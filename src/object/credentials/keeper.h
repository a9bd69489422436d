// CredentialsKeeper: the credentials that hold now, renewed before they end.
//
// Thread-safe. One caller at a time asks the source. The others go on with what they have, or wait
// for its answer when that doesn't hold any more.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "object/credentials/credentials.h"

namespace nats3::object {

class CredentialsKeeper {
 public:
  // Asks for nothing yet. `clock` lives as long as the keeper; of it only the steady time is used.
  CredentialsKeeper(std::shared_ptr<CredentialsSource> source, const Clock& clock);

  // Those to sign with at `now`, which is S3's time as far as it is known. Asks the source when
  // there are none, and ten minutes before they end (or in the last quarter of a shorter time).
  // What the source can't renew is used until it ends, and the source is asked again meanwhile.
  // Errors: those of the source; kDenied for credentials that no request can carry.
  [[nodiscard]] Result<Credentials> get(Timestamp now);

  // S3 refused a request that was signed with `refused`: gives others if there are any by now. Asks
  // the source at most every ten seconds.
  [[nodiscard]] std::optional<Credentials> instead_of(const Credentials& refused, Timestamp now);

 private:
  using Lock = std::unique_lock<std::mutex>;

  [[nodiscard]] bool hold(Timestamp now) const;
  [[nodiscard]] bool are_due(Timestamp now) const;
  Result<Credentials> fetch(Lock& lock, Timestamp now);
  void keep(ExpiringCredentials fetched, Timestamp now);

  std::shared_ptr<CredentialsSource> source_;
  const Clock& clock_;

  std::mutex mutex_;
  std::condition_variable fetched_;
  bool fetching_ = false;
  std::uint64_t fetches_ = 0;  // that have ended
  MonotonicTime last_fetch_;
  std::optional<Error> failure_;  // of the last one
  std::optional<ExpiringCredentials> current_;
  Timestamp renew_at_;
  MonotonicTime rest_until_;  // no earlier, however near renew_at_ is
  bool refused_ = false;  // S3 doesn't take current_
};

}  // namespace nats3::object
