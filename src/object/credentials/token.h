// A token that somebody else keeps in a file, and renews there.
#pragma once

#include <string>

#include "base/error.h"

namespace nats3::object {

// The text of `path` without white space at its ends. Errors: kDenied, whatever is wrong with it:
// it may be right the next time.
[[nodiscard]] Result<std::string> read_token(const std::string& path);

}  // namespace nats3::object
