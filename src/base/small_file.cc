#include "base/small_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace nats3 {

Result<std::string> read_small_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: is a folder, not a file", path));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kDenied,
                fmt::format("{}: can't be read: {}", path, std::strerror(errno)));
  }
  std::string text(kMaxSmallFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxSmallFileBytes) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: is larger than 1 MiB", path));
  }
  return text;
}

}  // namespace nats3
