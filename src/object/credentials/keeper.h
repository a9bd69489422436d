// CredentialsKeeper: the credentials to sign with now, renewed before they end.
//
// Thread-safe. One caller at a time asks the source. The others go on with what they have, or wait
// for its answer when that doesn't hold any more.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "object/credentials/credentials.h"

namespace nats3::object {

class CredentialsKeeper {
 public:
  // Told why credentials can't be renewed, once; and nothing when they can be again. By the thread
  // that asked the source, which waits for it.
  using Observer = std::function<void(const std::optional<Error>& trouble)>;

  // Asks for nothing yet. `clock` lives as long as the keeper; of it only the steady time is used.
  CredentialsKeeper(std::shared_ptr<CredentialsSource> source, const Clock& clock,
                    Observer observer = {});

  // Those to sign with at `now`, which is S3's time as far as it is known. Asks the source when
  // there are none, and ten minutes before they end (or in the last quarter of a shorter time).
  // What it can't renew is given on, also when it has ended: S3 decides. The source is asked again
  // after half a minute.
  // Errors: those of the source as long as it gave none; kDenied for what no request can carry.
  [[nodiscard]] Result<Credentials> get(Timestamp now);

  // S3 refused a request that was signed with `refused`, perhaps because they don't hold any more:
  // gives others if there are any by now. Asks the source at most every ten seconds, and more
  // rarely where that doesn't help.
  [[nodiscard]] std::optional<Credentials> instead_of(const Credentials& refused, Timestamp now);

  // Why they weren't renewed when that was tried last.
  [[nodiscard]] std::optional<Error> trouble() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  [[nodiscard]] bool hold(Timestamp now) const;
  [[nodiscard]] bool are_due(Timestamp now) const;
  Result<Credentials> fetch(Lock& lock, Timestamp now);
  void ask(Lock& lock, Timestamp now);
  void take(Result<ExpiringCredentials> fetched, Timestamp now);

  std::shared_ptr<CredentialsSource> source_;
  const Clock& clock_;
  const Observer observer_;

  mutable std::mutex mutex_;
  std::condition_variable fetched_;
  bool fetching_ = false;
  std::uint64_t fetches_ = 0;  // that have ended
  MonotonicTime last_fetch_;
  std::optional<Error> trouble_;
  std::optional<ExpiringCredentials> current_;
  Timestamp renew_at_;
  MonotonicTime rest_until_;  // no earlier, however near renew_at_ is
  bool refused_ = false;      // S3 didn't take current_
  MonotonicTime last_refusal_;
  std::chrono::seconds refusal_pause_;
};

}  // namespace nats3::object
