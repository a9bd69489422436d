#include "cli/output_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace nats3::cli {

Result<void> write_file(const std::string& path, const std::string& text) {
  namespace fs = std::filesystem;
  const auto denied = [&](std::string_view why) {
    return fail(ErrorCode::kDenied, fmt::format("{}: can't be written: {}", path, why));
  };
  std::error_code error;
  // A pipe or a device is written to, and not replaced.
  const bool plain = !fs::exists(path, error) || fs::is_regular_file(path, error);
  const std::string temporary = plain ? fmt::format("{}.{}", path, ::getpid()) : path;
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    if (plain) {
      fs::remove(temporary, error);
    }
    return denied("the disk is full, or there is no such folder that you may write to");
  }
  error.clear();
  if (plain) {
    fs::rename(temporary, path, error);
  }
  if (error) {
    return denied(error.message());
  }
  return {};
}

}  // namespace nats3::cli
