#include "object/file/folder_listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "object/keys.h"
#include "object/page_builder.h"

namespace nats3::object {
namespace {

// How many names of one folder are held at once.
constexpr std::size_t kNamesHeld = 4096;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

// A folder opened for reading its entries.
Result<Dir> open_dir(const Fd& bucket, std::string_view path) {
  // A folder that went away since its parent was read holds nothing.
  const std::string_view folder = path.empty() ? path : path.substr(0, path.size() - 1);
  auto fd = open_folder(bucket, folder, Missing::kFail);
  if (!fd) {
    return fail(std::move(fd.error()));
  }
  const int duplicate = ::fcntl(fd->get(), F_DUPFD_CLOEXEC, 0);
  Dir dir(duplicate < 0 ? nullptr : ::fdopendir(duplicate));
  if (!dir) {
    return fail(errno_error(errno, fmt::format("reading the folder '{}'", printable(path))));
  }
  return dir;
}

enum class Walk { kGoOn, kStop };

class Walker {
 public:
  Walker(const Fd& bucket, PageBuilder& builder) : bucket_(bucket), builder_(builder) {}

  // Adds what the folder `path` ("" or ending in '/') holds.
  Result<Walk> walk(const std::string& path) {
    std::string after;  // entries up to this one are done
    for (;;) {
      const auto names = read_names(path, after);
      if (!names) {
        return fail(names.error());
      }
      for (const std::string& name : *names) {
        auto walked = name.ends_with('/') ? visit_folder(path + name) : visit_file(path, name);
        if (!walked || *walked == Walk::kStop) {
          return walked;
        }
      }
      if (names->size() < kNamesHeld) {
        return Walk::kGoOn;
      }
      after = names->back();
    }
  }

  // Whether the page is full and something wanted comes after it.
  [[nodiscard]] bool stopped_early() const { return stopped_early_; }

 private:
  // The least names greater than `after`, in order, folders with a '/' behind them: all of them, if
  // fewer than kNamesHeld.
  Result<std::vector<std::string>> read_names(const std::string& path, const std::string& after) {
    std::vector<std::string> names;
    auto dir = open_dir(bucket_, path);
    if (!dir) {
      if (dir.error().code == ErrorCode::kNotFound) {
        return names;
      }
      return fail(std::move(dir.error()));
    }
    const auto keep_least = [&] {
      if (names.size() > kNamesHeld) {
        std::ranges::nth_element(names, names.begin() + kNamesHeld);
        names.resize(kNamesHeld);
      }
    };
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(dir->get());
      if (entry == nullptr) {
        break;
      }
      std::string name = name_of(::dirfd(dir->get()), *entry);
      if (!name.empty() && name > after && is_relevant(path, name)) {
        names.push_back(std::move(name));
      }
      if (names.size() >= 4 * kNamesHeld) {
        keep_least();
      }
    }
    if (errno != 0) {
      return fail(errno_error(errno, fmt::format("reading the folder '{}'", printable(path))));
    }
    keep_least();
    std::ranges::sort(names);
    return names;
  }

  // The entry's name, with '/' behind a folder's, or "" for what is neither file nor folder.
  static std::string name_of(int folder, const dirent& entry) {
    std::string name = entry.d_name;
    if (name == "." || name == "..") {
      return {};
    }
    unsigned char type = entry.d_type;
    if (type == DT_UNKNOWN) {  // some file systems don't say
      struct stat status{};
      if (::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return {};
      }
      type = S_ISDIR(status.st_mode) ? DT_DIR : S_ISREG(status.st_mode) ? DT_REG : DT_UNKNOWN;
    }
    return type == DT_DIR ? name + '/' : type == DT_REG ? name : std::string{};
  }

  [[nodiscard]] bool is_relevant(const std::string& path, const std::string& name) const {
    if (path.empty() && name == fmt::format("{}/", kTemporaryFolder)) {
      return false;
    }
    return name.ends_with('/') ? builder_.may_hold(path + name) : builder_.wants(path + name);
  }

  Result<Walk> visit_folder(const std::string& path) {
    const std::string folded(builder_.folds_into(path));
    if (folded.empty()) {
      return walk(path);
    }
    auto holds = holds_wanted(path);
    if (!holds) {
      return fail(std::move(holds.error()));
    }
    if (!*holds) {
      return Walk::kGoOn;
    }
    if (builder_.is_full()) {
      return stop();
    }
    builder_.add_prefix(folded);
    return Walk::kGoOn;
  }

  Result<Walk> visit_file(const std::string& path, const std::string& name) {
    if (!check_key(path + name)) {
      return Walk::kGoOn;  // nobody put it here through us, and nobody could get it
    }
    auto size = size_of(path, name);
    if (!size) {
      // Removed since the folder was read.
      return size.error().code == ErrorCode::kNotFound ? Result<Walk>(Walk::kGoOn)
                                                       : fail(std::move(size.error()));
    }
    if (builder_.is_full()) {
      return stop();
    }
    builder_.add_object(path + name, *size);
    return Walk::kGoOn;
  }

  // Whether some file below `path` is wanted: a folder of nothing is no common prefix.
  Result<bool> holds_wanted(const std::string& path) {
    std::string after;
    for (;;) {
      const auto names = read_names(path, after);
      if (!names) {
        return fail(names.error());
      }
      for (const std::string& name : *names) {
        if (!name.ends_with('/')) {
          return true;
        }
        auto holds = holds_wanted(path + name);
        if (!holds || *holds) {
          return holds;
        }
      }
      if (names->size() < kNamesHeld) {
        return false;
      }
      after = names->back();
    }
  }

  Result<std::uint64_t> size_of(const std::string& path, const std::string& name) {
    if (path != sized_path_ || !sized_folder_.is_open()) {
      const std::string_view folder = std::string_view(path).substr(0, path.rfind('/'));
      auto fd = open_folder(bucket_, path.empty() ? "" : folder, Missing::kFail);
      if (!fd) {
        return fail(std::move(fd.error()));
      }
      sized_folder_ = std::move(*fd);
      sized_path_ = path;
    }
    struct stat status{};
    if (::fstatat(sized_folder_.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return fail(errno_error(errno, fmt::format("looking at '{}'", printable(path + name))));
    }
    return static_cast<std::uint64_t>(status.st_size);
  }

  Walk stop() {
    stopped_early_ = true;
    return Walk::kStop;
  }

  const Fd& bucket_;
  PageBuilder& builder_;
  std::string sized_path_;  // the folder that size_of looked into last
  Fd sized_folder_;
  bool stopped_early_ = false;
};

}  // namespace

Result<ListPage> list_folder(const Fd& bucket, const ListQuery& query) {
  auto builder = PageBuilder::make(query);
  if (!builder) {
    return fail(std::move(builder.error()));
  }
  Walker walker(bucket, *builder);
  auto walked = walker.walk("");
  if (!walked) {
    return fail(walked.error().with_context("listing"));
  }
  return std::move(*builder).finish(walker.stopped_early() ? PageBuilder::Rest::kMore
                                                           : PageBuilder::Rest::kNone);
}

}  // namespace nats3::object
