#include "base/small_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace nats3 {
namespace {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

struct Opened {
  File file;
  std::size_t bytes = 0;  // of a regular file
};

tl::unexpected<Error> unreadable() {
  const int number = errno;
  return fail(number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kDenied,
              fmt::format("can't be read: {}", std::system_category().message(number)));
}

tl::unexpected<Error> too_large() {
  return fail(ErrorCode::kInvalid, "is larger than 1 MiB: is it the right file?");
}

Result<Opened> open_file(const std::string& path, FileKind kind) {
  // A pipe must not hold us up before it is known to be one.
  const int wait = kind == FileKind::kAny ? 0 : O_NONBLOCK;
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | wait));
  struct stat info{};
  if (file.fd() < 0 || ::fstat(file.fd(), &info) != 0) {
    return unreadable();
  }
  if (S_ISDIR(info.st_mode)) {
    return fail(ErrorCode::kInvalid, "is a folder, not a file");
  }
  if (kind == FileKind::kRegular && !S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kInvalid, "isn't a regular file, which can be read again and again");
  }
  const auto bytes = S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0;
  if (bytes > kMaxSmallFileBytes) {
    return too_large();
  }
  return Opened{std::move(file), static_cast<std::size_t>(bytes)};
}

// Reads up to `size` bytes; fewer at the end of the file.
Result<std::size_t> read_up_to(const File& file, char* data, std::size_t size) {
  std::size_t read = 0;
  while (read < size) {
    const ssize_t count = ::read(file.fd(), data + read, size - read);
    if (count == 0) {
      break;
    }
    if (count < 0 && errno != EINTR) {
      return unreadable();
    }
    read += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return read;
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, FileKind kind) {
  constexpr std::size_t kPiece = 64 << 10;
  const auto opened = open_file(path, kind);
  if (!opened) {
    return fail(opened.error());
  }
  std::string text;
  while (true) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    const auto read = read_up_to(opened->file, text.data() + before, kPiece);
    if (!read) {
      return fail(read.error());
    }
    text.resize(before + *read);
    if (text.size() > kMaxSmallFileBytes) {
      return too_large();
    }
    if (*read < kPiece) {
      return text;
    }
  }
}

Result<Secret> read_secret_file(const std::string& path) {
  const auto opened = open_file(path, FileKind::kRegular);
  if (!opened) {
    return fail(opened.error());
  }
  Secret text(opened->bytes);
  const auto read = read_up_to(opened->file, text.data(), opened->bytes);
  if (!read) {
    return fail(read.error());
  }
  if (*read < opened->bytes) {
    return Secret(text.view().substr(0, *read));  // it was cut off meanwhile
  }
  return text;
}

}  // namespace nats3
