#include "nats/pull_credit.h"

#include <algorithm>

namespace nats3::nats {
namespace {

// Two requests and what was received of earlier ones fit into the limits.
constexpr std::size_t kParts = 4;
// Requests are for so few messages that their byte limit is rarely met: a server of 2.9 says
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
    return open({.messages = 1, .bytes = 0}, deadline);
  }
  const auto request = ordinary();
  if (!request) {
    return std::nullopt;
  }
  std::size_t bytes = buffered_bytes + request->bytes;
  for (const Open& pull : open_) {
    bytes += pull.request.bytes;
  }
  if (buffered_messages + messages_out_ + request->messages > limits_.max_messages ||
      bytes > std::max(limits_.max_bytes, request->bytes)) {
    return std::nullopt;
  }
  return open(*request, deadline);
}

// The next request as its turn comes, whether there is room for it or not.
std::optional<PullRequest> PullCredit::ordinary() const {
  if (open_.size() == 2) {
    return std::nullopt;
  }
  if (open_.size() == 1 &&
      (open_.front().request.bytes == 0 || messages_out_ > open_.front().request.messages / 2)) {
    return std::nullopt;
  }
  PullRequest request;
  request.bytes = std::clamp<std::size_t>(std::min(limits_.max_bytes / kParts, share_), 1,
                                          limits_.max_request_bytes);
  request.messages =
      std::clamp<std::size_t>(limits_.max_messages / kParts, 1, limits_.max_request_messages);
  if (mean_bytes_ > 0) {
    const double fitting = static_cast<double>(request.bytes) / (kByteReserve * mean_bytes_);
    request.messages =
        std::clamp<std::size_t>(static_cast<std::size_t>(fitting), 1, request.messages);
  }
  return request;
}

PullRequest PullCredit::open(const PullRequest& request, MonotonicTime deadline) {
  lone_ = open_.empty();
  lone_bytes_left_ = request.bytes;
  if (!open_.empty()) {
    open_.front().rest = messages_out_;
    open_.front().ends_within = 2 * messages_out_;
  }
  open_.push_back({.request = request, .deadline = deadline});
  open_.back().request.token = ++last_token_;
  messages_out_ += request.messages;
  return open_.back().request;
}

void PullCredit::delivered(std::size_t bytes) {
  mean_bytes_ += (static_cast<double>(bytes) - mean_bytes_) / kMeanOf;
  messages_out_ = less(messages_out_, 1);
  lone_bytes_left_ = less(lone_bytes_left_, bytes);
  if (open_.size() == 2 && --open_.front().ends_within == 0) {
    // The other one has had at least as many as this one.
    messages_out_ =
        std::min(messages_out_, less(open_.back().request.messages, open_.front().rest));
    open_.erase(open_.begin());
  }
  settle();
}

void PullCredit::ended(std::uint64_t token, std::optional<std::size_t> messages_left) {
  const auto found = find(token);
  if (found == open_.end()) {
    return;
  }
  messages_out_ = less(messages_out_, messages_left.value_or(found->request.messages));
  open_.erase(found);
  settle();
}

void PullCredit::ended_by_size(std::uint64_t token, std::size_t messages_left,
                               std::size_t bytes_left) {
  const auto found = find(token);
  if (found == open_.end()) {
    return;
  }
  next_is_large_ = next_is_large_ || bytes_left >= found->request.bytes;
  ended(token, messages_left);
}

void PullCredit::expire(MonotonicTime now) {
  std::erase_if(open_, [now](const Open& pull) { return pull.deadline <= now; });
  settle();
}

PullCredit::Place PullCredit::find(std::uint64_t token) {
  return std::ranges::find(open_, token, [](const Open& pull) { return pull.request.token; });
}

void PullCredit::settle() {
  if (open_.size() == 1) {
    open_.front().ends_within = 0;
  }
  const bool limited = !open_.empty() && open_.front().request.bytes > 0;
  const bool used_up = lone_ && limited && lone_bytes_left_ == 0;
  if (open_.empty() || messages_out_ == 0 || used_up) {
    open_.clear();
    messages_out_ = 0;
  }
}

}  // namespace nats3::nats
