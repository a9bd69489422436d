// PullCredit: how much of a consumer's messages has been asked for, and what to ask for next, so
// that what is buffered and what is on its way together stay within limits.
//
// A message doesn't say which request it answers, and one that is served in full ends without a
// word. But the server serves what waits in turns (2.9) or first come, first served (2.10 and
// later): when a second request is sent while the first has r messages left, the first has ended at
// the latest after 2r more. So there are at most two, the second sent at the first's half, the next
// when the first has certainly ended.
// Pure: no I/O, no clock. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace nats3::nats {

struct PullRequest {
  std::uint64_t token = 0;
  std::size_t messages = 0;
  std::size_t bytes = 0;  // 0: without a limit, for one message larger than any limited request
};

class PullCredit {
 public:
  struct Limits {
    std::size_t max_messages = 0;  // buffered and on their way
    std::size_t max_bytes = 0;
    std::size_t max_request_messages = SIZE_MAX;  // of the consumer's configuration
    std::size_t max_request_bytes = SIZE_MAX;
  };

  explicit PullCredit(const Limits& limits) : limits_(limits) {}

  // Limits the bytes of requests from here on, beside what `Limits` says.
  void set_share(std::size_t bytes) { share_ = bytes; }
  // The request to send now, if there is room for one. It counts as open from here on, until
  // `deadline` at the latest.
  [[nodiscard]] std::optional<PullRequest> next(std::size_t buffered_messages,
                                                std::size_t buffered_bytes, MonotonicTime deadline);
  // A message came, of the size the server counts.
  void delivered(std::size_t bytes);
  // The server ended a request, with this many messages of it unused (nothing: all of it). One that
  // isn't open (an older one's late status) changes nothing.
  void ended(std::uint64_t token, std::optional<std::size_t> messages_left);
  // The same, because the next message is larger than what was left of the request. When the whole
  // of it was left, the next request is for that one message alone.
  void ended_by_size(std::uint64_t token, std::size_t messages_left, std::size_t bytes_left);
  // Forgets requests past their deadline.
  void expire(MonotonicTime now);

  [[nodiscard]] bool any_open() const { return !open_.empty(); }

 private:
  struct Open {
    PullRequest request;
    MonotonicTime deadline;
    std::size_t ends_within = 0;  // deliveries, of both; 0: not known, since it's the last one sent
    std::size_t rest = 0;         // what it had left when the next one was sent
  };
  using Place = std::vector<Open>::iterator;

  [[nodiscard]] std::optional<PullRequest> ordinary() const;
  PullRequest open(const PullRequest& request, MonotonicTime deadline);
  Place find(std::uint64_t token);
  void settle();

  const Limits limits_;
  std::vector<Open> open_;  // at most two, oldest first
  std::size_t share_ = SIZE_MAX;
  std::uint64_t last_token_ = 0;
  std::size_t messages_out_ = 0;
  std::size_t lone_bytes_left_ = 0;  // of a request that has been alone all the time
  bool lone_ = false;
  double mean_bytes_ = 0;
  bool next_is_large_ = false;
};

}  // namespace nats3::nats
