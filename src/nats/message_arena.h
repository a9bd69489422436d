// MessageArena: copies of messages, one after the other in a few blocks of memory, which all end
// together. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
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
  static constexpr std::size_t kFirstBlock = 2 << 10;
  static constexpr std::size_t kLargestBlock = 64 << 10;  // but for a message that is larger

  void add_block(std::size_t least) {
    const std::size_t usual = blocks_.size() < 5 ? kFirstBlock << blocks_.size() : kLargestBlock;
    room_ = std::max(usual, least);
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(room_));
    next_ = blocks_.back().get();
  }
  std::string_view append(std::string_view part) {
    char* begin = next_;
    next_ = std::ranges::copy(part, next_).out;
    return {begin, part.size()};
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;  // bytes from next_ on
};

}  // namespace nats3::nats
