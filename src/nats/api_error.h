// The errors JetStream answers with, and what they mean for callers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace nats3::nats {

// Source: nats-server, server/errors.json.
namespace err_code {
inline constexpr int kConsumerNotFound = 10014;
inline constexpr int kConsumerNameExists = 10013;
inline constexpr int kNoMessage = 10037;
inline constexpr int kMessageTooLarge = 10054;
inline constexpr int kStreamNameInUse = 10058;
inline constexpr int kStreamNotFound = 10059;
inline constexpr int kWrongLastMessageId = 10070;
inline constexpr int kWrongLastSequence = 10071;
inline constexpr int kStoreFailed = 10077;
inline constexpr int kWorkQueueUnfiltered = 10099;
inline constexpr int kWorkQueueNotUnique = 10100;
inline constexpr int kDuplicateInProcess = 10158;
inline constexpr int kTooManyRequests = 10167;
}  // namespace err_code

struct ApiError {
  int code = 0;      // as HTTP's
  int err_code = 0;  // exact; 0 from servers before 2.2
  std::string description;
};

// The "error" object of an answer, if it has one.
[[nodiscard]] std::optional<ApiError> api_error(const Json& answer);

// kNotFound; kConflict (an expected sequence or message id was another); kUnavailable for what can
// pass (no leader, overload, a full stream); kDenied; else kInvalid. `what` says what was asked.
[[nodiscard]] Error to_error(const ApiError& error, std::string_view what);

}  // namespace nats3::nats
