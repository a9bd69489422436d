// What a consumer may wait for in vain: messages that its stream hasn't got any more.
//
// nats-server writes down what a consumer delivered and had acknowledged a little later than it
// removes the messages. Killed in between, or with a full disk, it waits afterwards for
// acknowledgements of messages that are gone. It tries to deliver each of them again after each ack
// wait, and every time it does it stops delivering until something wakes it up: in the end it
// stands still. Its ack floor does, too.
// Source: nats-server v2.9.10, server/consumer.go, getNextMsg() and loopAndGatherMsgs().
#pragma once

#include <cstdint>
#include <vector>

#include "nats/api.h"
#include "nats/broker.h"

namespace nats3::nats {

// The sequences above `after` and up to `up_to`, ascending, that the consumer of `options` may be
// told are acknowledged, as nobody loses a message by that: the stream lists them as gone, or they
// are archived (SourceOptions::archived) and it has none of them. 2.9 doesn't list what filled a
// whole file of its store. That it finds none isn't enough: it says so of one it can't read, too.
// Nothing is told above the stream's last sequence, where messages may still come; nor all in a
// stream with more than half a million gaps, or where two hundred requests aren't enough.
// Blocks. Errors: those of Api and of `archived`.
[[nodiscard]] Result<std::vector<std::uint64_t>> missing_sequences(Api& api,
                                                                   const SourceOptions& options,
                                                                   std::uint64_t after,
                                                                   std::uint64_t up_to);

}  // namespace nats3::nats
