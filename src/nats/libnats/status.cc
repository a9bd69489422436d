#include "nats/libnats/status.h"

#include <fmt/format.h>

namespace nats3::nats {

ErrorCode code_of(natsStatus status) {
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return ErrorCode::kDenied;
    case NATS_MAX_PAYLOAD:
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
    case NATS_ADDRESS_MISSING:
    case NATS_NO_SERVER_SUPPORT:
      return ErrorCode::kInvalid;
    case NATS_NO_MEMORY:
    case NATS_FAILED_TO_INITIALIZE:
    case NATS_NOT_INITIALIZED:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kUnavailable;
  }
}

Error to_error(natsStatus status, std::string_view what) {
  return {code_of(status), fmt::format("{}: {}", what, natsStatus_GetText(status))};
}

}  // namespace nats3::nats
