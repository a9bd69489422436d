// Mailbox: where libnats' thread leaves what arrives for a source, and the source's job takes it.
// Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "nats/link.h"
#include "nats/ready_signal.h"

namespace nats3::nats {

class Mailbox final : public Link::Receiver {
 public:
  struct Answer {
    MessagePtr message;
    std::uint64_t token = 0;
  };
  struct Contents {
    std::vector<MessagePtr> deliveries;
    std::vector<Answer> answers;
  };

  // Swaps what has arrived into `contents`, whose vectors are empty; their memory is used again.
  void take(Contents& contents) {
    const std::lock_guard lock(mutex_);
    std::swap(contents_, contents);
  }

  // Asks for one signal at the next arrival. False: something arrived since take(), none comes.
  bool arm() {
    const std::lock_guard lock(mutex_);
    armed_ = contents_.deliveries.empty() && contents_.answers.empty() && !changed_;
    changed_ = false;
    return armed_;
  }

  void on_ready(std::function<void()> callback) { ready_.set(std::move(callback)); }

  void on_delivery(MessagePtr message) override {
    signal_if([&] { contents_.deliveries.push_back(std::move(message)); });
  }
  void on_answer(MessagePtr message, std::uint64_t token) override {
    signal_if([&] { contents_.answers.push_back({std::move(message), token}); });
  }
  void on_change() override {
    signal_if([&] { changed_ = true; });
  }

 private:
  template <typename Put>
  void signal_if(Put put) {
    bool fire = false;
    {
      const std::lock_guard lock(mutex_);
      put();
      fire = std::exchange(armed_, false);
    }
    if (fire) {
      ready_.fire();
    }
  }

  std::mutex mutex_;
  Contents contents_;
  bool armed_ = false;
  bool changed_ = false;
  ReadySignal ready_;
};

}  // namespace nats3::nats
