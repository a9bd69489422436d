#include "nats/libnats/dialed_socket.h"

#include <string>

#include "nats/libnats/dial.h"

namespace nats3::nats {
namespace {

// libnats' hooks, with an int for the socket as the event loop.
natsStatus attach(void** user, void* loop, natsConnection*, natsSock socket) {
  *static_cast<int*>(loop) = socket;
  *user = nullptr;  // the int is gone by the next call
  return NATS_OK;
}
natsStatus ignore(void*, bool) { return NATS_OK; }
natsStatus detach(void*) { return NATS_OK; }

}  // namespace

Result<DialedSocket> DialedSocket::dial(const ConnectionOptions& options) {
  const auto made = dial_options(options);
  if (!made) {
    return fail(made.error());
  }
  int fd = -1;
  OptionSetter set;
  set.check(natsOptions_SetAllowReconnect(made->get(), false), "reconnect");
  set.check(natsOptions_SetPingInterval(made->get(), 0),
            "ping interval");                                        // pings are ours to send
  set.check(natsOptions_SetSendAsap(made->get(), true), "sending");  // no flusher thread
  set.check(natsOptions_SetEventLoop(made->get(), &fd, attach, ignore, ignore, detach),
            "event loop");
  if (!set.result()) {
    return fail(set.result().error());
  }
  natsConnection* connection = nullptr;
  if (const natsStatus status = natsConnection_Connect(&connection, made->get());
      status != NATS_OK) {
    return fail(dial_error(status, nats_GetLastError(nullptr), display_urls(options.urls)));
  }
  return DialedSocket(connection, fd);
}

DialedSocket::~DialedSocket() {
  natsConnection_Close(connection_);
  natsConnection_Destroy(connection_);
}

std::size_t DialedSocket::max_payload() const {
  return static_cast<std::size_t>(natsConnection_GetMaxPayload(connection_));
}

}  // namespace nats3::nats
