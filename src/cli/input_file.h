// Reading what a user names: a file, or "-" for standard input.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "cli/io.h"

namespace nats3::cli {

// The whole of it. Errors: kInvalid when it can't be read or has more than `max_bytes`, of which no
// more is read than that.
[[nodiscard]] Result<std::string> read_input(Io& io, const std::string& name,
                                             std::size_t max_bytes);

}  // namespace nats3::cli
