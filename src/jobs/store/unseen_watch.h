// UnseenWatch: notices messages that left a job's stream before the job had archived them, by age
// say, and counts them.
//
// What it can tell is in gap_account.h; this asks NATS where the stream begins now, at most every
// two seconds and only while there is something to judge. It counts only where the job selects all
// of a stream that keeps messages until they are old or too many: elsewhere sequences are missing
// for other reasons.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "jobs/job_environment.h"
#include "jobs/job_record.h"
#include "jobs/store/gap_account.h"

namespace nats3::jobs {

class UnseenWatch {
 public:
  // Both outlive this.
  UnseenWatch(const JobEnvironment& environment, const StoreJob& job)
      : environment_(environment), job_(job) {}

  // A session begins in `epoch`, everything up to `archived` being in the bucket. Returns how many
  // messages turn out to be unseen: none before the job's first session, when nothing was its to
  // see.
  std::uint64_t begin(const StoreRecord& record, const std::string& epoch, std::uint64_t archived,
                      const nats::StreamInfo& info);
  // A message was taken. In order.
  void take(std::uint64_t sequence) { gaps_.take(sequence); }
  // Looks again when it is time. Returns how many more are unseen. Blocks for a request.
  // Errors: those of Broker::stream_info.
  [[nodiscard]] Result<std::uint64_t> look(MonotonicTime now);
  // As GapAccount::settled().
  [[nodiscard]] std::uint64_t settled(std::uint64_t archived) { return gaps_.settled(archived); }

 private:
  std::uint64_t count(const nats::StreamInfo& info, const Unseen& unseen) const;

  const JobEnvironment& environment_;
  const StoreJob& job_;
  GapAccount gaps_;
  MonotonicTime look_at_;
};

}  // namespace nats3::jobs
