// What JetStream answers to a publish: {"stream":"ORDERS",[ "domain":"hub",] "seq":7[,"duplicate":
// true]} or an error object. Pure. Source: NATS ADR-1 and nats-server's JSPubAckResponse.
#pragma once

#include <string_view>

#include "base/error.h"
#include "nats/broker.h"
#include "nats/message_view.h"

namespace nats3::nats {

// Errors: as to_error(ApiError), and kInternal for an answer that is neither.
[[nodiscard]] Result<PublishAck> parse_pub_ack(std::string_view answer);

// The same for a whole answer message, where "no responders" is kUnavailable: no stream (yet)
// stores the subject.
[[nodiscard]] Result<PublishAck> read_pub_ack(const MessageView& answer);

}  // namespace nats3::nats
