// Small files that are read whole: a configuration, a token, a key. Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "base/secret.h"

namespace nats3 {

inline constexpr std::size_t kMaxSmallFileBytes = 1 << 20;

enum class FileKind {
  kRegular,  // can be read again and again, and without waiting for anybody
  kAny,      // a pipe or a terminal as well, which may block
};

// The whole of `path`. Errors, which don't name it: kNotFound, kDenied (can't be read), kInvalid
// (a folder or not of that kind, or larger than kMaxSmallFileBytes).
[[nodiscard]] Result<std::string> read_small_file(const std::string& path,
                                                  FileKind kind = FileKind::kRegular);

// The same for what mustn't stay in memory; a regular file.
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path);

}  // namespace nats3
