// AckSubject: what JetStream says of a delivered message, in the reply subject it comes with.
//
//   $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>
//   $JS.ACK.<domain>.<account hash>.<stream>.<consumer>.<delivered> ... <pending>[.<random>]
//
// Source: NATS ADR-15, "Acknowledgement Subject". Pure; allocates nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace nats3::nats {

struct AckSubject {
  std::string_view stream;
  std::string_view consumer;
  std::uint64_t delivered = 0;          // 1: for the first time
  std::uint64_t stream_sequence = 0;    // from 1
  std::uint64_t consumer_sequence = 0;  // from 1; 0 where the server lost count
  Timestamp time;
  std::uint64_t pending = 0;
};

// Nothing for any other subject. The views point into `subject`.
[[nodiscard]] std::optional<AckSubject> parse_ack_subject(std::string_view subject);

// The stream and consumer only, as one view "<stream>.<consumer>"; empty for any other subject.
// Cheaper than the whole: for routing.
[[nodiscard]] std::string_view ack_subject_consumer(std::string_view subject);

}  // namespace nats3::nats
