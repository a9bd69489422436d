#include "object/file/posix.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "object/keys.h"

namespace nats3::object {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr mode_t kFolderMode = 0777;  // less what the umask takes

// Calls `call` until a signal doesn't interrupt it.
template <typename Call>
auto retry_interrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

Result<Fd> open_component(const Fd& parent, const std::string& name, Missing missing,
                          std::string_view folder) {
  const auto open_it = [&] { return Fd(::openat(parent.get(), name.c_str(), kFolderFlags)); };
  const std::string what = fmt::format("folder of '{}'", printable(folder));
  Fd fd = open_it();
  if (!fd.is_open() && errno == ENOENT && missing == Missing::kCreate) {
    if (::mkdirat(parent.get(), name.c_str(), kFolderMode) != 0 && errno != EEXIST) {
      return fail(errno_error(errno, "making the " + what));
    }
    if (auto synced = sync_folder(parent, what); !synced) {
      return fail(std::move(synced.error()));
    }
    fd = open_it();
  }
  if (fd.is_open()) {
    return fd;
  }
  const int error = errno;
  struct stat status{};
  if (error == ENOTDIR &&
      ::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(status.st_mode)) {
    return fail(errno_error(ELOOP, "opening the " + what));
  }
  return fail(errno_error(error, "opening the " + what));
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Error errno_error(int error, std::string_view what) {
  const std::string reason = std::generic_category().message(error);
  const auto make = [&](ErrorCode code, std::string_view advice) {
    return Error{code, fmt::format("{}: {}{}", what, reason, advice)};
  };
  switch (error) {
    case ENOENT:
      return make(ErrorCode::kNotFound, "");
    case ENOSPC:
    case EDQUOT:
      return make(ErrorCode::kUnavailable, "; free some room on the disk");
    case EIO:
    case ENODEV:
    case ESTALE:
    case ETIMEDOUT:
      return make(ErrorCode::kUnavailable, "; look at the disk and the system's log");
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EBUSY:
      return make(ErrorCode::kUnavailable, "");
    case EACCES:
    case EPERM:
    case EROFS:
      return make(ErrorCode::kDenied, "; give nats3 the right to read and write there");
    case ELOOP:
      return make(
          ErrorCode::kDenied,
          "; no symbolic link is followed inside a bucket: replace it by what it points to");
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY:
    case EEXIST:
      return make(ErrorCode::kInvalid,
                  "; a name can't be both a file and a folder here, so of the keys 'a' and 'a/b' "
                  "only one can be stored");
    case EFBIG:
      return make(ErrorCode::kInvalid, "; the file system or a limit takes no file that large");
    case ENAMETOOLONG:
      return make(ErrorCode::kInvalid, "; the file system takes no name that long");
    default:
      return make(ErrorCode::kInternal, "");
  }
}

Error root_error(int error, const std::string& path) {
  return error == ENOTDIR || error == EEXIST
             ? Error{ErrorCode::kUnavailable,
                     fmt::format("'{}' is no folder: it is a file, or lies below one", path)}
             : errno_error(error, fmt::format("opening the folder '{}'", path));
}

Result<Fd> open_root(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open()) {
    return fail(root_error(errno, path));
  }
  return fd;
}

Result<Fd> open_folder(const Fd& root, std::string_view folder, Missing missing) {
  Fd current(::openat(root.get(), ".", kFolderFlags));
  if (!current.is_open()) {
    return fail(errno_error(errno, fmt::format("opening the folder of '{}'", printable(folder))));
  }
  std::string_view rest = folder;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    auto next = open_component(current, std::string(rest.substr(0, slash)), missing, folder);
    if (!next) {
      return next;
    }
    current = std::move(*next);
    rest = slash == rest.npos ? std::string_view{} : rest.substr(slash + 1);
  }
  return current;
}

Result<Fd> open_file(const Fd& folder, const std::string& name) {
  // Not blocking, since what lies there could be a pipe.
  Fd fd(::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.is_open()) {
    return fail(errno_error(errno, fmt::format("opening '{}'", printable(name))));
  }
  return fd;
}

Result<std::uint64_t> file_size(const Fd& fd, std::string_view what) {
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) {
    return fail(errno_error(errno, what));
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: not a file", what));
  }
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::string> read_at(const Fd& fd, std::uint64_t offset, std::uint64_t length,
                            std::string_view what) {
  std::string body(length, '\0');
  std::size_t done = 0;
  while (done < body.size()) {
    const ssize_t got = retry_interrupted([&] {
      return ::pread(fd.get(), body.data() + done, body.size() - done,
                     static_cast<off_t>(offset + done));
    });
    if (got < 0) {
      return fail(errno_error(errno, what));
    }
    if (got == 0) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{}: the file got shorter while it was read: {} of {} bytes", what,
                              done, length));
    }
    done += static_cast<std::size_t>(got);
  }
  return body;
}

Result<void> write_all(const Fd& fd, std::string_view body, std::string_view what) {
  while (!body.empty()) {
    const ssize_t written =
        retry_interrupted([&] { return ::write(fd.get(), body.data(), body.size()); });
    if (written < 0) {
      return fail(errno_error(errno, what));
    }
    body.remove_prefix(static_cast<std::size_t>(written));
  }
  if (retry_interrupted([&] { return ::fsync(fd.get()); }) != 0) {
    return fail(errno_error(errno, what));
  }
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED);  // advice: it can't fail what was written
  return {};
}

Result<void> sync_folder(const Fd& folder, std::string_view what) {
  if (retry_interrupted([&] { return ::fsync(folder.get()); }) != 0) {
    return fail(errno_error(errno, what));
  }
  return {};
}

}  // namespace nats3::object
