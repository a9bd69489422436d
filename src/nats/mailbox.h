// Mailbox: where a channel's thread leaves what arrives for a source, and the source's job takes
// it. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "nats/message_arena.h"
#include "nats/pull_status.h"
#include "nats/ready_signal.h"

namespace nats3::nats {

class Mailbox {
 public:
  struct Answer {
    MessageView message;
    std::uint64_t token = 0;  // of the request that it answers
  };
  struct Contents {
    std::shared_ptr<MessageArena> memory;  // of all of them; nothing when there are none
    std::vector<MessageView> deliveries;
    std::vector<Answer> answers;
    bool heard = false;  // the server was, without a message
  };

  // Swaps what has arrived into `contents`, which is empty; its vectors are used again.
  void take(Contents& contents) {
    const std::lock_guard lock(mutex_);
    std::swap(contents_, contents);
  }

  // Asks for one signal at the next arrival. False: there is something to look at since take(), and
  // none comes.
  bool arm() {
    const std::lock_guard lock(mutex_);
    armed_ = contents_.memory == nullptr && !changed_;
    changed_ = false;
    return armed_;
  }

  void on_ready(std::function<void()> callback) { ready_.set(std::move(callback)); }
  void fire() { ready_.fire(); }

  // These copy what they are given, and return whether fire() is to be called: not for a heartbeat,
  // of which a thousand idle sources get hundreds a second.
  [[nodiscard]] bool deliver(std::span<const MessageView> messages) {
    const std::lock_guard lock(mutex_);
    for (const MessageView& message : messages) {
      contents_.deliveries.push_back(memory().copy(message));
    }
    return std::exchange(armed_, false);
  }
  [[nodiscard]] bool answer(const MessageView& message, std::uint64_t token) {
    const std::lock_guard lock(mutex_);
    if (is_heartbeat(message)) {
      contents_.heard = true;
      return false;
    }
    contents_.answers.push_back({memory().copy(message), token});
    return std::exchange(armed_, false);
  }
  // The connection was lost.
  [[nodiscard]] bool change() {
    const std::lock_guard lock(mutex_);
    changed_ = true;
    return std::exchange(armed_, false);
  }

 private:
  MessageArena& memory() {
    if (!contents_.memory) {
      contents_.memory = std::make_shared<MessageArena>();
    }
    return *contents_.memory;
  }

  std::mutex mutex_;
  Contents contents_;
  bool armed_ = false;
  bool changed_ = false;
  ReadySignal ready_;
};

}  // namespace nats3::nats
