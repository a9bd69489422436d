// Puts the record of a new job into the bucket.
#pragma once

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "jobs/record_keeper.h"

namespace nats3::jobs {

// Where a new job is.
enum class Made {
  kHere,       // on record as this server's
  kTakenOver,  // on record, and another server has changed that already
};

// While it isn't known whether that happened, since an answer was lost, it tries again, for
// `patience`. Errors: kUnavailable: it may be on record all the same, or get there yet.
template <typename Record>
Result<Made> put_new_record(RecordKeeper<Record>& keeper, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPutAgain{200};
  const MonotonicTime deadline = Clock::system().monotonic() + patience;
  auto stored = keeper.update([](Record&) {});
  while (!stored && stored.error().action() == Action::kRetry &&
         Clock::system().monotonic() < deadline) {
    std::this_thread::sleep_for(kPutAgain);
    stored = keeper.update([](Record&) {});
  }
  if (!stored && keeper.lost()) {
    return Made::kTakenOver;  // no other job has its id
  }
  return stored.map([] { return Made::kHere; });
}

}  // namespace nats3::jobs
