#include "nats/channel.h"

#include "nats/libnats/libnats_channel.h"
#include "nats/wire/wire_channel.h"

namespace nats3::nats {

Result<std::unique_ptr<Channel>> Channel::open(const ConnectionOptions& options,
                                               Listener& listener) {
  if (wants_tls(options)) {
    return LibnatsChannel::open(options, listener);
  }
  auto wire = WireChannel::open(options, listener);
  if (wire || wire.error().code != ErrorCode::kCorrupt) {
    return wire;
  }
  // We don't understand each other: maybe since the server demanded TLS, and libnats agreed to it.
  auto tls = LibnatsChannel::open(with_tls(options), listener);
  if (tls || tls.error().code == ErrorCode::kDenied) {
    return tls;
  }
  return fail(ErrorCode::kUnavailable, wire.error().message);
}

}  // namespace nats3::nats
