#include "nats/channel.h"

#include "nats/libnats/libnats_channel.h"
#include "nats/wire/wire_channel.h"

namespace nats3::nats {

Result<std::unique_ptr<Channel>> Channel::open(const ConnectionOptions& options,
                                               Listener& listener) {
  if (!wants_tls(options)) {
    auto wire = WireChannel::open(options, listener);
    // Corrupt: we don't understand each other, for instance since the server demanded TLS and
    // libnats agreed to it.
    if (wire || wire.error().code != ErrorCode::kCorrupt) {
      return wire;
    }
  }
  return LibnatsChannel::open(options, listener);
}

}  // namespace nats3::nats
