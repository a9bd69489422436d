// Small files that say who we are: certificates, keys, seeds.
#pragma once

#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace nats3::nats {

// What such a file holds, at most 1 MiB. Blocks for as long as the disk does.
// Errors: kInvalid, not naming it: it can't be read, isn't a regular file, is larger.
[[nodiscard]] Result<Secret> read_login_file(const std::string& path);

}  // namespace nats3::nats
