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
  auto dial = Dial::prepare(options);
  if (!dial) {
    return fail(dial.error());
  }
  natsOptions* raw = dial->options();
  int fd = -1;
  OptionSetter set;
  set.check(natsOptions_SetAllowReconnect(raw, false), "reconnect");
  set.check(natsOptions_SetPingInterval(raw, 0),
            "ping interval");                                // pings are ours to send
  set.check(natsOptions_SetSendAsap(raw, true), "sending");  // no flusher thread
  set.check(natsOptions_SetEventLoop(raw, &fd, attach, ignore, ignore, detach), "event loop");
  if (!set.result()) {
    return fail(set.result().error());
  }
  return dial->connect().map([&](natsConnection* made) { return DialedSocket(made, fd); });
}

DialedSocket::~DialedSocket() {
  natsConnection_Close(connection_);
  natsConnection_Destroy(connection_);
}

std::size_t DialedSocket::max_payload() const {
  return static_cast<std::size_t>(natsConnection_GetMaxPayload(connection_));
}

}  // namespace nats3::nats
