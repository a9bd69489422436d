#include "nats/pull_credit.h"

#include <algorithm>

namespace nats3::nats {
namespace {

// Requests are for so many messages that their byte limit is rarely met: a server of 2.9 says
// nothing when a message uses up the last byte of a request.
constexpr double kByteReserve = 1.25;
constexpr double kMeanOf = 64;  // messages

std::size_t less(std::size_t from, std::size_t by) { return from - std::min(from, by); }

}  // namespace

std::optional<PullRequest> PullCredit::next(std::size_t buffered_messages,
                                            std::size_t buffered_bytes, MonotonicTime deadline) {
  if (next_is_large_) {
    if (!open_.empty() || buffered_messages > 0) {
      return std::nullopt;
    }
    next_is_large_ = false;
    return open(1, 0, deadline);
  }
  if (!open_.empty() && open_.front().request.bytes == 0) {
    return std::nullopt;
  }
  const std::size_t bytes =
      std::clamp<std::size_t>(limits_.max_bytes / 2, 1, limits_.max_request_bytes);
  std::size_t messages =
      std::clamp<std::size_t>(limits_.max_messages / 2, 1, limits_.max_request_messages);
  if (mean_bytes_ > 0) {
    const double fitting = static_cast<double>(bytes) / (kByteReserve * mean_bytes_);
    messages = std::clamp<std::size_t>(static_cast<std::size_t>(fitting), 1, messages);
  }
  if (buffered_messages + messages_out_ + messages > limits_.max_messages ||
      buffered_bytes + bytes_out_ + bytes > std::max(limits_.max_bytes, bytes)) {
    return std::nullopt;
  }
  return open(messages, bytes, deadline);
}

PullRequest PullCredit::open(std::size_t messages, std::size_t bytes, MonotonicTime deadline) {
  const PullRequest request{++last_token_, messages, bytes};
  open_.push_back({request, deadline});
  messages_out_ += messages;
  bytes_out_ += bytes;
  return request;
}

void PullCredit::delivered(std::size_t bytes) {
  messages_out_ = less(messages_out_, 1);
  bytes_out_ = less(bytes_out_, bytes);
  mean_bytes_ += (static_cast<double>(bytes) - mean_bytes_) / kMeanOf;
  settle();
}

void PullCredit::ended(std::uint64_t token, std::optional<std::size_t> messages_left,
                       std::optional<std::size_t> bytes_left) {
  const auto found =
      std::ranges::find(open_, token, [](const Open& pull) { return pull.request.token; });
  if (found == open_.end()) {
    return;
  }
  messages_out_ = less(messages_out_, messages_left.value_or(found->request.messages));
  bytes_out_ = less(bytes_out_, bytes_left.value_or(found->request.bytes));
  open_.erase(found);
  settle();
}

void PullCredit::ended_by_size(std::uint64_t token, std::size_t messages_left,
                               std::size_t bytes_left) {
  const auto found =
      std::ranges::find(open_, token, [](const Open& pull) { return pull.request.token; });
  if (found == open_.end()) {
    return;
  }
  next_is_large_ = next_is_large_ || bytes_left >= found->request.bytes;
  ended(token, messages_left, bytes_left);
}

void PullCredit::expire(MonotonicTime now) {
  std::erase_if(open_, [now](const Open& pull) { return pull.deadline <= now; });
  settle();
}

void PullCredit::settle() {
  const bool large = !open_.empty() && open_.front().request.bytes == 0;
  if (open_.empty() || messages_out_ == 0 || (bytes_out_ == 0 && !large)) {
    open_.clear();
    messages_out_ = 0;
    bytes_out_ = 0;
  }
}

}  // namespace nats3::nats
