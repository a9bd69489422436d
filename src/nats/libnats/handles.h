// RAII for libnats' C handles. Values; no thread rules of their own.
#pragma once

#include <nats/nats.h>

#include <memory>

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

}  // namespace nats3::nats
