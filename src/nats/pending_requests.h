// PendingRequests: the requests sent over one channel whose answers are still to come.
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "nats/message_view.h"

namespace nats3::nats {

// What a request was answered with.
struct Answer {
  std::string headers;  // the whole block (see headers.h)
  std::string payload;
  // Valid as long as the answer.
  [[nodiscard]] MessageView view() const;
};

class PendingRequests {
 public:
  // `where`: NATS' address, for messages. `timeout`: how long to wait for one answer.
  PendingRequests(std::string where, std::chrono::milliseconds timeout)
      : where_(std::move(where)), timeout_(timeout) {}

  // One request, given up on destruction. They must outlive it.
  class Request {
   public:
    Request(Request&& other) noexcept { *this = std::move(other); }
    Request& operator=(Request&& other) noexcept;
    ~Request();
    // What its answer is told by.
    [[nodiscard]] std::uint64_t token() const { return token_; }
    // Waits for the answer. Once. Errors: kUnavailable (lost, no answer in time, nobody there to
    // answer), kDenied (the server refused it for want of a permission).
    [[nodiscard]] Result<Answer> wait() { return all_->wait(token_); }

   private:
    friend class PendingRequests;
    Request(PendingRequests& all, std::uint64_t token) : all_(&all), token_(token) {}
    PendingRequests* all_ = nullptr;
    std::uint64_t token_ = 0;
  };

  // One that is about to be sent to `subject`.
  [[nodiscard]] Request begin(std::string_view subject);

  // The channel's side. `answer` came for the request of that token.
  void settle(std::uint64_t token, const MessageView& answer);
  // The server refused something in these words, which name its subject.
  void refuse(std::string_view words);
  // No more answers will come.
  void lose(const Error& why);

 private:
  struct Pending {
    std::string subject;
    std::optional<Result<Answer>> outcome;
  };

  Result<Answer> wait(std::uint64_t token);
  Result<Answer> read(const MessageView& answer, const std::string& subject) const;

  const std::string where_;
  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::condition_variable settled_;
  std::uint64_t last_token_ = 0;
  std::unordered_map<std::uint64_t, Pending> pending_;  // by token
  std::optional<Error> lost_;
};

}  // namespace nats3::nats
