#include "nats/channel.h"

#include "nats/libnats/libnats_channel.h"
#include "nats/wire/wire_channel.h"

namespace nats3::nats {

namespace {

Result<std::unique_ptr<Channel>> open_one(const ConnectionOptions& options,
                                          Channel::Listener& listener) {
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

}  // namespace

Result<std::unique_ptr<Channel>> Channel::open(const ConnectionOptions& options,
                                               Listener& listener) {
  auto channel = open_one(options, listener);
  if (channel || channel.error().code != ErrorCode::kUnavailable || options.fallback_urls.empty()) {
    return channel;
  }
  ConnectionOptions others = wants_tls(options) ? with_tls(options) : options;
  others.urls = others.fallback_urls;
  auto other = open_one(others, listener);
  return other ? std::move(other) : std::move(channel);
}

}  // namespace nats3::nats
