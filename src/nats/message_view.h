// MessageView: a received message where it lies. A value; valid as long as what it views.
#pragma once

#include <cstdint>
#include <string_view>

namespace nats3::nats {

struct MessageView {
  std::uint64_t subscription = 0;  // that it came for, of those of its channel
  std::string_view subject;
  std::string_view reply;
  std::string_view headers;  // the whole block (see headers.h); empty when there is none
  std::string_view payload;
};

// What the server counts of it: against max_bytes of a pull request, for instance.
[[nodiscard]] inline std::size_t size_of(const MessageView& message) {
  return message.subject.size() + message.reply.size() + message.headers.size() +
         message.payload.size();
}

}  // namespace nats3::nats
