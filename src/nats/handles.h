// RAII for libnats' C handles. Values; no thread rules of their own.
#pragma once

#include <nats/nats.h>

#include <memory>
#include <string_view>

namespace nats3::nats {

struct MessageDeleter {
  void operator()(natsMsg* message) const { natsMsg_Destroy(message); }
};
using MessagePtr = std::unique_ptr<natsMsg, MessageDeleter>;

struct OptionsDeleter {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using OptionsPtr = std::unique_ptr<natsOptions, OptionsDeleter>;

struct InboxDeleter {
  void operator()(natsInbox* inbox) const { natsInbox_Destroy(inbox); }
};
using InboxPtr = std::unique_ptr<natsInbox, InboxDeleter>;

// Views into a message. Valid as long as it; empty where it has no such part.
[[nodiscard]] inline std::string_view subject_of(const natsMsg& message) {
  return natsMsg_GetSubject(&message);
}
[[nodiscard]] inline std::string_view reply_of(const natsMsg& message) {
  const char* reply = natsMsg_GetReply(&message);
  return reply == nullptr ? std::string_view{} : std::string_view{reply};
}
[[nodiscard]] inline std::string_view payload_of(const natsMsg& message) {
  return {natsMsg_GetData(&message), static_cast<std::size_t>(natsMsg_GetDataLength(&message))};
}

}  // namespace nats3::nats
