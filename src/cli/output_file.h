// Writing a file as a whole or not at all.
#pragma once

#include <string>

#include "base/error.h"

namespace nats3::cli {

// Replaces the file at `path` by `text`: under another name first, so that it's never there in
// part. Errors: kDenied, naming the path and why.
[[nodiscard]] Result<void> write_file(const std::string& path, const std::string& text);

}  // namespace nats3::cli
