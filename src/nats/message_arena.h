// MessageArena: copies of messages, one after the other in a few blocks of memory, which all end
// together. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "nats/message_view.h"

namespace nats3::nats {

class MessageArena {
 public:
  // The copy lives as long as the arena.
  MessageView copy(const MessageView& message) {
    const std::size_t size = size_of(message);
    if (size > room_) {
      add_block(size);
    }
    room_ -= size;
    return {.subscription = message.subscription,
            .subject = append(message.subject),
            .reply = append(message.reply),
            .headers = append(message.headers),
            .payload = append(message.payload)};
  }

 private:
  static constexpr std::size_t kFirstBlock = 256;
  static constexpr std::size_t kLargestBlock = 64 << 10;  // but for a message that is larger

  void add_block(std::size_t least) {
    room_ = std::max(next_block_, least);
    next_block_ = std::min(2 * next_block_, kLargestBlock);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(room_));
    next_ = blocks_.back().get();
  }
  std::string_view append(std::string_view part) {
    if (!part.empty()) {
      std::memcpy(next_, part.data(), part.size());
    }
    const std::string_view copied(next_, part.size());
    next_ += part.size();
    return copied;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;  // bytes from next_ on
  std::size_t next_block_ = kFirstBlock;
};

}  // namespace nats3::nats
