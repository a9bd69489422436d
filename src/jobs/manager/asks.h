// Asks: what a server wants of the one that works at a job. They lie in the bucket of leases, where
// they go by themselves: who asks repeats it until the job's record shows that it was done.
//
// Thread-safe. Errors: kUnavailable.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "jobs/metrics.h"
#include "nats/broker.h"

namespace nats3::jobs {

struct Ask {
  enum class Verb { kPause, kRemove, kTell };
  JobKind kind = JobKind::kStore;
  std::string job;
  Verb verb = Verb::kPause;
  std::string asks = {};  // of kTell: see put_tell()
};

class Asks {
 public:
  // `kv` outlives this.
  explicit Asks(nats::KeyValue& kv) : kv_(kv) {}

  [[nodiscard]] Result<void> put(const Ask& ask);
  // Asks that the job be put on record as it is after this. `ask` is a word of its own; who looks
  // at the record finds it among those in `told`, with those of others that asked at the same time.
  [[nodiscard]] Result<void> put_tell(JobKind kind, const std::string& job, const std::string& ask);
  // Takes back what was asked of a job. Call it before the opposite is done: the one that was asked
  // may have stood still, and would do it after that.
  [[nodiscard]] Result<void> withdraw(JobKind kind, const std::string& job);
  // Those that came since the last call. What can't be read is left out.
  [[nodiscard]] Result<std::vector<Ask>> take();

 private:
  nats::KeyValue& kv_;
  std::mutex mutex_;
  std::uint64_t seen_ = 0;
};

}  // namespace nats3::jobs
