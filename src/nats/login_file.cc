#include "nats/login_file.h"

#include "base/small_file.h"

namespace nats3::nats {

Result<Secret> read_login_file(const std::string& path) {
  return read_secret_file(path).map_error([](Error error) {
    error.code = ErrorCode::kInvalid;
    return error;
  });
}

}  // namespace nats3::nats
