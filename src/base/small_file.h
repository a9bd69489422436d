// Small files that are read whole: a configuration, a token. Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace nats3 {

inline constexpr std::size_t kMaxSmallFileBytes = 1 << 20;

// The whole of `path`. Errors: kNotFound, kDenied (can't be read), kInvalid (a folder, or larger
// than kMaxSmallFileBytes). Each names the path.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path);

}  // namespace nats3
