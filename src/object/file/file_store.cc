#include "object/file/file_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/uuid.h"
#include "object/file/folder_listing.h"
#include "object/file/posix.h"

namespace nats3::object {
namespace {

constexpr std::size_t kMaxComponentBytes = 255;  // NAME_MAX of every common file system
constexpr int kRenameTries = 5;

struct Path {
  std::string_view folder;  // "" for a key without '/'
  std::string name;
};

Path split(std::string_view key) {
  const std::size_t slash = key.rfind('/');
  return slash == key.npos ? Path{"", std::string(key)}
                           : Path{key.substr(0, slash), std::string(key.substr(slash + 1))};
}

// check_key, and what a file system adds to it.
Result<void> check_file_key(std::string_view key) {
  if (auto checked = check_key(key); !checked) {
    return checked;
  }
  if (key.substr(0, key.find('/')) == kTemporaryFolder) {
    return fail(ErrorCode::kInvalid, fmt::format("'{}' is not a key: '{}' is where half-written "
                                                 "files are",
                                                 printable(key), kTemporaryFolder));
  }
  for (std::string_view rest = key; !rest.empty();) {
    const std::string_view component = rest.substr(0, rest.find('/'));
    if (component.size() > kMaxComponentBytes) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("'{}' can't be stored as a file: a component has {} bytes, and {} is "
                              "the most",
                              printable(key), component.size(), kMaxComponentBytes));
    }
    rest.remove_prefix(std::min(rest.size(), component.size() + 1));
  }
  return {};
}

Result<Fd> open_bucket_folder(const std::string& root, const std::string& bucket,
                              Missing missing = Missing::kFail) {
  auto folder = open_root(root).and_then(
      [&](const Fd& opened) { return open_folder(opened, bucket, missing); });
  if (folder) {
    return folder;
  }
  if (folder.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no bucket '{0}': '{1}/{0}' is missing", bucket, root));
  }
  return fail(folder.error().with_context(fmt::format("opening the bucket '{}'", bucket)));
}

// A temporary file, removed unless it was renamed to its place.
class TemporaryFile {
 public:
  static Result<TemporaryFile> make(const Fd& bucket) {
    TemporaryFile file;
    auto folder = open_folder(bucket, kTemporaryFolder, Missing::kCreate);
    if (!folder) {
      return fail(std::move(folder.error()));
    }
    file.folder_ = std::move(*folder);
    file.name_ = make_uuid();
    file.fd_ = Fd(::openat(file.folder_.get(), file.name_.c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!file.fd_.is_open()) {
      return fail(errno_error(errno, "making a temporary file"));
    }
    return file;
  }
  TemporaryFile(TemporaryFile&&) = default;
  TemporaryFile& operator=(TemporaryFile&&) = default;
  ~TemporaryFile() {
    if (fd_.is_open()) {
      ::unlinkat(folder_.get(), name_.c_str(), 0);
    }
  }

  [[nodiscard]] const Fd& fd() const { return fd_; }

  // Returns 0, or errno.
  [[nodiscard]] int rename_to(const Fd& folder, const std::string& name) {
    if (::renameat(folder_.get(), name_.c_str(), folder.get(), name.c_str()) != 0) {
      return errno;
    }
    fd_ = Fd();
    return 0;
  }

 private:
  TemporaryFile() = default;
  Fd folder_;
  std::string name_;
  Fd fd_;
};

// Which folder a bucket is: its name may come to stand for another one, below a mount point say.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const Identity&) const = default;
};

Result<Identity> identify(const Fd& folder, const std::string& bucket) {
  struct stat status{};
  if (::fstat(folder.get(), &status) != 0) {
    return fail(errno_error(errno, fmt::format("opening the bucket '{}'", bucket)));
  }
  return Identity{status.st_dev, status.st_ino};
}

class FileStore final : public ObjectStore {
 public:
  FileStore(const FileOptions& options, const std::string& bucket, const Identity& identity)
      : root_(options.root),
        bucket_(bucket),
        identity_(identity),
        path_(fmt::format("{}/{}", root_, bucket)),
        max_object_bytes_(options.max_object_bytes) {}

  Result<void> put(const std::string& key, const Body& body) override {
    auto bucket = open_for(key);
    if (!bucket) {
      return fail(std::move(bucket.error()));
    }
    const std::string what = fmt::format("writing '{}' in '{}'", printable(key), path_);
    auto file = TemporaryFile::make(*bucket);
    if (!file) {
      return fail(file.error().with_context(what));
    }
    if (auto written = write_all(file->fd(), body.bytes, what); !written) {
      return written;
    }
    return move_into_place(*bucket, *file, key, what);
  }

  Result<std::string> get(const std::string& key, std::optional<ByteRange> range) override {
    const auto file = open_object(key);
    if (!file) {
      return fail(file.error());
    }
    const std::string what = fmt::format("reading '{}' in '{}'", printable(key), path_);
    const auto size = file_size(*file, what);
    if (!size) {
      return fail(size.error());
    }
    const auto extent = resolve_range(key, range, *size, max_object_bytes_);
    if (!extent) {
      return fail(extent.error());
    }
    return read_at(*file, extent->offset, extent->length, what);
  }

  Result<ObjectInfo> head(const std::string& key) override {
    const auto file = open_object(key);
    if (!file) {
      return fail(file.error());
    }
    return file_size(*file, fmt::format("looking at '{}' in '{}'", printable(key), path_))
        .map([&](std::uint64_t size) { return ObjectInfo{key, size}; });
  }

  Result<ListPage> list(const ListQuery& query) override {
    const auto bucket = open_bucket().map_error(waited_for);
    if (!bucket) {
      return fail(bucket.error());
    }
    return list_folder(*bucket, query);
  }

  Result<void> remove(const std::string& key) override {
    const auto bucket = open_for(key).map_error(waited_for);
    if (!bucket) {
      return fail(bucket.error());
    }
    const std::string what = fmt::format("removing '{}' in '{}'", printable(key), path_);
    const Path path = split(key);
    const auto folder = open_folder(*bucket, path.folder, Missing::kFail);
    if (!folder) {
      return means_absent(folder.error()) ? Result<void>{} : fail(folder.error());
    }
    if (::unlinkat(folder->get(), path.name.c_str(), 0) != 0) {
      // A folder of that name is no object of that name.
      return errno == ENOENT || errno == EISDIR ? Result<void>{} : fail(errno_error(errno, what));
    }
    if (auto synced = sync_folder(*folder, what); !synced) {
      return synced;
    }
    remove_empty_folders(*bucket, path.folder);
    return {};
  }

  [[nodiscard]] const Identity& identity() const { return identity_; }

 private:
  // A key below a file isn't there, just as one in a missing folder.
  static bool means_absent(const Error& error) {
    return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kInvalid;
  }

  Result<Fd> open_for(const std::string& key) {
    if (auto checked = check_file_key(key); !checked) {
      return fail(std::move(checked.error()));
    }
    return open_bucket();
  }

  // By name each time, since an open folder would keep its disk from being unmounted.
  [[nodiscard]] Result<Fd> open_bucket() const {
    auto folder = open_bucket_folder(root_, bucket_);
    if (!folder) {
      return folder;
    }
    const auto found = identify(*folder, bucket_);
    if (!found) {
      return fail(found.error());
    }
    if (*found != identity_) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("'{}' isn't the folder any more that it was: was a disk mounted or "
                              "unmounted there, or the bucket made again?",
                              path_));
    }
    return folder;
  }

  // A bucket that is gone has no object missing: it may come back.
  static Error waited_for(const Error& error) {
    return error.code == ErrorCode::kNotFound ? Error{ErrorCode::kUnavailable, error.message}
                                              : error;
  }

  Result<Fd> open_object(const std::string& key) {
    const auto bucket = open_for(key).map_error(waited_for);
    if (!bucket) {
      return fail(bucket.error());
    }
    const Path path = split(key);
    auto file = open_folder(*bucket, path.folder, Missing::kFail).and_then([&](const Fd& folder) {
      return open_file(folder, path.name);
    });
    if (!file && means_absent(file.error())) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("no object '{}' in '{}'", printable(key), path_));
    }
    return file;
  }

  Result<void> move_into_place(const Fd& bucket, TemporaryFile& file, const std::string& key,
                               const std::string& what) {
    const Path path = split(key);
    for (int tries = 1;; ++tries) {
      const auto folder = open_folder(bucket, path.folder, Missing::kCreate);
      const bool removed = !folder && folder.error().code == ErrorCode::kNotFound;
      if (!folder && !removed) {
        return fail(folder.error().with_context(what));
      }
      const int error = removed ? ENOENT : file.rename_to(*folder, path.name);
      if (error == 0) {
        return sync_folder(*folder, what);
      }
      // A remove beside us may take the folder away, empty as it still is.
      if (error != ENOENT || tries == kRenameTries) {
        Error failed = errno_error(error, what);
        failed.code = error == ENOENT ? ErrorCode::kUnavailable : failed.code;
        return fail(std::move(failed));
      }
    }
  }

  // So that removing all objects leaves nothing. Failing is harmless: listings skip empty folders.
  static void remove_empty_folders(const Fd& bucket, std::string_view folder) {
    while (!folder.empty()) {
      const Path path = split(folder);
      const auto parent = open_folder(bucket, path.folder, Missing::kFail);
      if (!parent || ::unlinkat(parent->get(), path.name.c_str(), AT_REMOVEDIR) != 0) {
        return;
      }
      folder = path.folder;
    }
  }

  std::string root_;
  std::string bucket_;
  Identity identity_;
  std::string path_;  // for messages
  std::uint64_t max_object_bytes_;
};

// Removes temporary files that no living put can own.
void remove_stale(const Fd& bucket, std::chrono::seconds stale_after) {
  const auto folder = open_folder(bucket, kTemporaryFolder, Missing::kFail);
  if (!folder) {
    return;
  }
  const int duplicate = ::fcntl(folder->get(), F_DUPFD_CLOEXEC, 0);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(duplicate < 0 ? nullptr : ::fdopendir(duplicate),
                                                &::closedir);
  if (!dir) {
    return;
  }
  while (const dirent* entry = ::readdir(dir.get())) {
    struct stat status{};
    if (is_uuid(entry->d_name) &&
        ::fstatat(folder->get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && status.st_mtime < ::time(nullptr) - stale_after.count()) {
      ::unlinkat(folder->get(), entry->d_name, 0);
    }
  }
}

class FileProvider final : public ObjectStoreProvider {
 public:
  explicit FileProvider(FileOptions options) : options_(std::move(options)) {}

  Result<std::shared_ptr<ObjectStore>> open(const std::string& bucket,
                                            IfMissing if_missing) override {
    if (auto checked = check_bucket(bucket); !checked) {
      return fail(std::move(checked.error()));
    }
    if (if_missing == IfMissing::kCreate) {
      std::error_code error;
      std::filesystem::create_directories(options_.root, error);
      if (error) {
        return fail(root_error(error.value(), options_.root));
      }
    }
    const std::lock_guard lock(mutex_);
    const auto folder =
        open_bucket_folder(options_.root, bucket,
                           if_missing == IfMissing::kCreate ? Missing::kCreate : Missing::kFail);
    if (!folder) {
      return fail(folder.error());
    }
    const auto identity = identify(*folder, bucket);
    if (!identity) {
      return fail(identity.error());
    }
    auto& store = stores_[bucket];
    if (!store || store->identity() != *identity) {
      remove_stale(*folder, options_.stale_after);
      store = std::make_shared<FileStore>(options_, bucket, *identity);
    }
    return store;
  }

 private:
  FileOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<FileStore>> stores_;
};

}  // namespace

std::shared_ptr<ObjectStoreProvider> make_file_provider(FileOptions options) {
  return std::make_shared<FileProvider>(std::move(options));
}

}  // namespace nats3::object
