#include "nats/api_batch.h"

#include <fmt/format.h>

#include <condition_variable>

#include "nats/headers.h"

namespace nats3::nats {
namespace {

constexpr std::size_t kWindow = 256;

class Answers final : public Link::Receiver {
 public:
  explicit Answers(std::size_t count) : answers_(count) {}

  void on_answer(MessagePtr message, std::uint64_t token) override {
    const std::lock_guard lock(mutex_);
    if (token < answers_.size() && !answers_[token]) {
      answers_[token] = std::move(message);
      ++arrived_;
      wake_.notify_all();
    }
  }

  // Waits until `count` answers are there. False when no further one came for `timeout`.
  bool wait_for(std::size_t count, std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    while (arrived_ < count) {
      const std::size_t before = arrived_;
      if (!wake_.wait_for(lock, timeout, [&] { return arrived_ > before; })) {
        return false;
      }
    }
    return true;
  }

  std::vector<MessagePtr> take() {
    const std::lock_guard lock(mutex_);
    return std::move(answers_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<MessagePtr> answers_;
  std::size_t arrived_ = 0;
};

}  // namespace

Result<std::vector<MessagePtr>> request_all(Link& link, const std::string& subject,
                                            const std::vector<std::string>& bodies,
                                            std::chrono::milliseconds timeout) {
  const auto answers = std::make_shared<Answers>(bodies.size());
  const Link::Registration place = link.add(answers);
  const auto late = [&] {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} wasn't answered within {} ms", subject, timeout.count()));
  };
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const std::string reply = place.reply_subject(i);
    if (auto sent = link.connection().publish(subject.c_str(), reply.c_str(), bodies[i]); !sent) {
      return fail(sent.error());
    }
    if (i + 1 > kWindow && !answers->wait_for(i + 1 - kWindow, timeout)) {
      return late();
    }
  }
  if (!answers->wait_for(bodies.size(), timeout)) {
    return late();
  }
  auto messages = answers->take();
  for (const MessagePtr& message : messages) {
    auto block = header_block(*message);
    if (!block) {
      return fail(block.error());
    }
    if (const StatusLine status = parse_status_line(*block); status.code != 0) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("nobody answers {} ({})", subject, status.code));
    }
  }
  return messages;
}

}  // namespace nats3::nats
