#include "nats/login_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace nats3::nats {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;

class File {
 public:
  // A pipe must not hold us up before it is known to be one.
  explicit File(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> unreadable() {
  return fail(ErrorCode::kInvalid,
              fmt::format("can't be read: {}", std::system_category().message(errno)));
}

}  // namespace

Result<Secret> read_login_file(const std::string& path) {
  const File file(path);
  struct stat info{};
  if (file.fd() < 0 || ::fstat(file.fd(), &info) != 0) {
    return unreadable();
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kInvalid, "isn't a regular file, which can be read for each connection");
  }
  if (static_cast<std::uint64_t>(info.st_size) > kMaxBytes) {
    return fail(ErrorCode::kInvalid, "is larger than 1 MiB: is it the right file?");
  }
  Secret text(static_cast<std::size_t>(info.st_size));
  std::size_t read = 0;
  while (read < text.view().size()) {
    const ssize_t count = ::read(file.fd(), text.data() + read, text.view().size() - read);
    if (count < 0 && errno != EINTR) {
      return unreadable();
    }
    if (count == 0) {
      return Secret(text.view().substr(0, read));  // it was cut off meanwhile
    }
    read += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  return text;
}

}  // namespace nats3::nats
