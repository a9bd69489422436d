#include "nats/pending_requests.h"

#include <fmt/format.h>

#include <utility>

#include "nats/headers.h"
#include "nats/refusal.h"

namespace nats3::nats {
namespace {

constexpr int kNoResponders = 503;

// Whether `words` have `subject` in quotes, or its beginning where they are cut.
bool names(std::string_view words, std::string_view subject) {
  const std::size_t open = words.find('"');
  if (open == words.npos) {
    return false;
  }
  const std::string_view named = words.substr(open + 1);
  return named.starts_with(fmt::format("{}\"", subject)) ||
         (named.find('"') == named.npos && !named.empty() && subject.starts_with(named));
}

}  // namespace

MessageView Answer::view() const {
  MessageView view;
  view.headers = headers;
  view.payload = payload;
  return view;
}

PendingRequests::Request& PendingRequests::Request::operator=(Request&& other) noexcept {
  std::swap(all_, other.all_);
  std::swap(token_, other.token_);
  return *this;
}

PendingRequests::Request::~Request() {
  if (all_ != nullptr) {
    const std::lock_guard lock(all_->mutex_);
    all_->pending_.erase(token_);
  }
}

PendingRequests::Request PendingRequests::begin(std::string_view subject) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t token = ++last_token_;
  pending_[token].subject = subject;
  return {*this, token};
}

Result<Answer> PendingRequests::wait(std::uint64_t token) {
  std::unique_lock lock(mutex_);
  Pending& request = pending_.at(token);  // stays where it is while others come and go
  settled_.wait_for(lock, timeout_, [&] { return request.outcome || lost_; });
  if (request.outcome) {
    return std::move(*request.outcome);
  }
  if (lost_) {
    return fail(*lost_);
  }
  return fail(ErrorCode::kUnavailable, fmt::format("NATS at {} didn't answer {} within {} ms",
                                                   where_, request.subject, timeout_.count()));
}

Result<Answer> PendingRequests::read(const MessageView& answer, const std::string& subject) const {
  if (parse_status_line(answer.headers).code == kNoResponders) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("nobody at NATS {} answers {}: is JetStream enabled there, and does "
                            "what it names exist?",
                            where_, subject));
  }
  return Answer{std::string(answer.headers), std::string(answer.payload)};
}

void PendingRequests::settle(std::uint64_t token, const MessageView& answer) {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(token);
  if (found == pending_.end()) {
    return;  // given up
  }
  found->second.outcome = read(answer, found->second.subject);
  settled_.notify_all();
}

void PendingRequests::refuse(std::string_view words) {
  const std::lock_guard lock(mutex_);
  for (auto& [token, request] : pending_) {
    if (names(words, request.subject)) {
      request.outcome = fail(permission_refused(where_, words));
    }
  }
  settled_.notify_all();
}

void PendingRequests::lose(const Error& why) {
  const std::lock_guard lock(mutex_);
  lost_ = why;
  settled_.notify_all();
}

}  // namespace nats3::nats
