// What the server says about a pull request instead of, or after, its messages. Pure.
// Source: NATS ADR-13, pull subscribe internals.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "nats/message_view.h"

namespace nats3::nats {

struct PullStatus {
  enum class Kind {
    kEnded,     // expired, or all that was there is sent
    kTooLarge,  // the next message is larger than what is left of the request's bytes
    kCrowded,   // the consumer has too many waiting requests: ask later
    kGone,      // the consumer, its leader or its server went: open another source
    kRefused,   // such requests are never answered
  };
  Kind kind = Kind::kEnded;
  std::optional<std::size_t> messages_left;
  std::optional<std::size_t> bytes_left;
  std::string text;  // "409 Consumer Deleted"
};

// Whether it is no status, or one that only says that the server is there.
[[nodiscard]] bool is_heartbeat(const MessageView& message);

// Precondition: no heartbeat. Errors: as parse_header_block.
[[nodiscard]] Result<PullStatus> read_pull_status(const MessageView& message);

}  // namespace nats3::nats
