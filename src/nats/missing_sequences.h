// Which messages of a stretch of a stream are gone.
//
// The server's own list isn't enough: nats-server 2.9 leaves out each block of its store that it
// has removed as a whole, so the other ones are asked for one by one. It also counts none where it
// had counted too many messages, after a full disk.
// Source: nats-server v2.9.10, server/filestore.go, fileStore.State().
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nats/api.h"

namespace nats3::nats {

// The sequences above `after` and up to `up_to`, which the stream has reached, that it has no
// message of any more, ascending: safe to acknowledge, none can be read later. Not all are told of a
// stretch of more than 200,000 messages, or 128 MB of them, nor in a stream with more than half a
// million gaps; nor those at the end of a stream that the server doesn't list, before others come.
// Errors: kNotFound, and those of Api.
[[nodiscard]] Result<std::vector<std::uint64_t>> missing_sequences(Api& api,
                                                                   const std::string& stream,
                                                                   std::uint64_t after,
                                                                   std::uint64_t up_to);

}  // namespace nats3::nats
