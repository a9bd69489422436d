// Files and folders by descriptor, so that a path is walked component by component and no symbolic
// link inside a bucket is ever followed. Thread-safe: no state but the descriptors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace nats3::object {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd();
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// What a failed system call means for a store's caller. `what` names the operation and its object.
[[nodiscard]] Error errno_error(int error, std::string_view what);

enum class Missing { kFail, kCreate };

// What `error` means for the folder that all buckets are in: kUnavailable for a file in its place.
[[nodiscard]] Error root_error(int error, const std::string& path);

// Opens the folder `path` (which may itself be a symbolic link: an administrator's choice).
// Errors: those of root_error.
[[nodiscard]] Result<Fd> open_root(const std::string& path);

// Opens `folder`, components joined by '/', below `root`; "" is `root` itself. With kCreate, makes
// what is missing, durably. Errors: kNotFound; kInvalid when a component is a file; kDenied when
// it is a symbolic link.
[[nodiscard]] Result<Fd> open_folder(const Fd& root, std::string_view folder, Missing missing);

// Opens the file `name` of `folder` for reading. Errors: kNotFound, also for what isn't a file.
[[nodiscard]] Result<Fd> open_file(const Fd& folder, const std::string& name);

// Errors: kNotFound when `fd` isn't a regular file.
[[nodiscard]] Result<std::uint64_t> file_size(const Fd& fd, std::string_view what);

// Reads `length` bytes at `offset`. Errors: kUnavailable when there are fewer.
[[nodiscard]] Result<std::string> read_at(const Fd& fd, std::uint64_t offset, std::uint64_t length,
                                          std::string_view what);

// Writes everything and makes it durable. It leaves the page cache: an archive is far larger than
// memory and seldom read soon, and what it would push out are the streams that are stored.
[[nodiscard]] Result<void> write_all(const Fd& fd, std::string_view body, std::string_view what);

// Makes entries added to or removed from `folder` durable.
[[nodiscard]] Result<void> sync_folder(const Fd& folder, std::string_view what);

}  // namespace nats3::object
