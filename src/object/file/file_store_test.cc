// What only a folder can get wrong; the rest is in the contract.
#include "object/file/file_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/uuid.h"
#include "object/file/posix.h"

namespace nats3::object {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class FileStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (fs::temp_directory_path() / "nats3-file-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    open();
  }
  void TearDown() override { fs::remove_all(folder_); }

  void open(std::chrono::seconds stale_after = std::chrono::hours{1}) {
    provider_ = make_file_provider({.root = root().string(), .stale_after = stale_after});
    auto opened = provider_->open("bucket", IfMissing::kCreate);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }

  [[nodiscard]] fs::path root() const { return folder_ / "deep" / "root"; }
  [[nodiscard]] fs::path bucket() const { return root() / "bucket"; }
  [[nodiscard]] fs::path temporary() const { return bucket() / ".nats3-tmp"; }

  fs::path folder_;
  std::shared_ptr<ObjectStoreProvider> provider_;
  std::shared_ptr<ObjectStore> store_;
};

TEST_F(FileStoreTest, KeepsAnObjectAsAPlainFile) {
  ASSERT_TRUE(store_->put("a/b=c/fix.>", "hello"));
  std::ifstream file(bucket() / "a" / "b=c" / "fix.>");
  std::string text;
  std::getline(file, text);
  EXPECT_EQ(text, "hello");
}

TEST_F(FileStoreTest, OutlivesTheProcess) {
  ASSERT_TRUE(store_->put("a/b", "hello"));
  open();
  EXPECT_EQ(store_->get("a/b"), "hello");
}

TEST_F(FileStoreTest, LeavesNoTemporaryFilesBehind) {
  ASSERT_TRUE(store_->put("a", "x"));
  EXPECT_FALSE(store_->put("a/b", "x"));  // 'a' is a file
  EXPECT_TRUE(fs::is_empty(temporary()));
}

TEST_F(FileStoreTest, RemovesStaleTemporaryFilesAtOpenAndNoOthers) {
  ASSERT_TRUE(store_->put("a", "x"));
  const fs::path old = temporary() / make_uuid();
  const fs::path fresh = temporary() / make_uuid();
  const fs::path foreign = temporary() / "notes.txt";
  for (const fs::path& path : {old, fresh, foreign}) {
    std::ofstream(path) << "half";
  }
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours{2};
  fs::last_write_time(old, long_ago);
  fs::last_write_time(foreign, long_ago);
  open();
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(fresh));
  EXPECT_TRUE(fs::exists(foreign));
  EXPECT_EQ(store_->list({})->objects.size(), 1U);
}

TEST_F(FileStoreTest, ItsTemporaryFilesAreNoObjects) {
  ASSERT_TRUE(store_->put("a", "x"));
  std::ofstream(temporary() / "half") << "half";
  EXPECT_EQ(store_->get(".nats3-tmp/half").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(store_->put(".nats3-tmp/half", "x").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(store_->put(".nats3-tmp", "x").error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(store_->put("a.d/.nats3-tmp/b", "only at the top"));
}

TEST_F(FileStoreTest, SaysSoWhenAKeyWouldBeFileAndFolder) {
  ASSERT_TRUE(store_->put("a", "x"));
  const auto below = store_->put("a/b", "x");
  ASSERT_FALSE(below);
  EXPECT_EQ(below.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(below.error().message,
              AllOf(HasSubstr("a/b"), HasSubstr("both a file and a folder")));
  ASSERT_TRUE(store_->put("c/d", "x"));
  const auto above = store_->put("c", "x");
  ASSERT_FALSE(above);
  EXPECT_EQ(above.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(above.error().message, HasSubstr("both a file and a folder"));
  EXPECT_EQ(store_->get("c/d"), "x");
}

TEST_F(FileStoreTest, RefusesComponentsThatNoFileSystemTakes) {
  EXPECT_TRUE(store_->put(std::string(255, 'a') + "/b", "x"));
  const auto result = store_->put("x/" + std::string(256, 'a'), "x");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(result.error().message, HasSubstr("256 bytes"));
}

TEST_F(FileStoreTest, FollowsNoSymbolicLinkOutOfTheBucket) {
  fs::create_directories(folder_ / "secret");
  std::ofstream(folder_ / "secret" / "file") << "secret";
  ASSERT_TRUE(store_->put("a", "x"));
  fs::create_directory_symlink(folder_ / "secret", bucket() / "folder");
  fs::create_symlink(folder_ / "secret" / "file", bucket() / "link");

  EXPECT_EQ(store_->get("folder/file").error().code, ErrorCode::kDenied);
  EXPECT_EQ(store_->get("link").error().code, ErrorCode::kDenied);
  EXPECT_EQ(store_->put("folder/new", "x").error().code, ErrorCode::kDenied);
  EXPECT_EQ(store_->remove("folder/file").error().code, ErrorCode::kDenied);
  EXPECT_THAT(store_->get("link").error().message, HasSubstr("symbolic link"));
  EXPECT_EQ(store_->list({})->objects.size(), 1U);

  // A put replaces the link itself, not what it points to.
  EXPECT_TRUE(store_->put("link", "ours"));
  std::ifstream file(folder_ / "secret" / "file");
  std::string text;
  std::getline(file, text);
  EXPECT_EQ(text, "secret");
  EXPECT_EQ(store_->get("link"), "ours");
}

TEST_F(FileStoreTest, ABucketThatIsALinkIsDenied) {
  fs::create_directories(folder_ / "elsewhere");
  fs::create_directory_symlink(folder_ / "elsewhere", root() / "linked");
  EXPECT_EQ(provider_->open("linked", IfMissing::kCreate).error().code, ErrorCode::kDenied);
}

TEST_F(FileStoreTest, TheRootMayBeALink) {
  fs::create_directory_symlink(root(), folder_ / "alias");
  ASSERT_TRUE(store_->put("a", "x"));
  const auto store =
      make_file_provider({.root = (folder_ / "alias").string()})->open("bucket", IfMissing::kFail);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->get("a"), "x");
}

TEST_F(FileStoreTest, WhatIsNoFileIsNoObject) {
  ASSERT_EQ(::mkfifo((bucket() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(store_->get("pipe").error().code, ErrorCode::kNotFound);  // and does not block
  std::ofstream(bucket() / "bad\nname") << "x";
  std::ofstream(bucket() / "bad\xff") << "x";
  EXPECT_TRUE(store_->list({})->objects.empty());
}

// Nor is an object missing in it: its disk may be mounted again.
TEST_F(FileStoreTest, ABucketThatWentAwayIsNotTakenForOneMadeAnew) {
  ASSERT_TRUE(store_->put("a", "x"));
  fs::rename(bucket(), folder_ / "away");
  for (const char* why : {"no bucket 'bucket'", "isn't the folder any more"}) {
    const Error put = store_->put("a", "x").error();
    EXPECT_EQ(put.code, ErrorCode::kNotFound);
    EXPECT_THAT(put.message, HasSubstr(why));
    for (const auto& error : {store_->get("a").error(), store_->head("a").error(),
                              store_->list({}).error(), store_->remove("a").error()}) {
      EXPECT_EQ(error.code, ErrorCode::kUnavailable);
      EXPECT_THAT(error.message, HasSubstr(why));
    }
    const auto other = provider_->open("bucket", IfMissing::kCreate);
    ASSERT_TRUE(other);
    EXPECT_EQ((*other)->get("a").error().code, ErrorCode::kNotFound);
  }
  fs::remove_all(bucket());
  fs::rename(folder_ / "away", bucket());
  EXPECT_EQ(store_->get("a"), "x");
}

TEST_F(FileStoreTest, AFolderThatMayNotBeWrittenIsDenied) {
  ASSERT_TRUE(store_->put("a", "old"));
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::others_exec);
  ASSERT_EQ(::chmod(temporary().c_str(), 0555), 0);
  // Of root, this thread alone becomes somebody whom permissions hold for.
  const bool is_root = ::geteuid() == 0;
  const uid_t before = is_root ? static_cast<uid_t>(::setfsuid(65534)) : 0;
  const auto result = store_->put("a", "new");
  if (is_root) {
    ::setfsuid(before);
  }
  ::chmod(temporary().c_str(), 0755);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDenied);
  EXPECT_THAT(result.error().message, HasSubstr("Permission denied"));
  EXPECT_EQ(store_->get("a"), "old");
}

// A full disk heals: the job waits and says why. (Here a write fails for a limit of its size.)
TEST_F(FileStoreTest, AFailedWriteLeavesTheOldObject) {
  ASSERT_TRUE(store_->put("a", "old"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto result = store_->put("a", std::string(100'000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(result);
  EXPECT_EQ(store_->get("a"), "old");
  EXPECT_TRUE(fs::is_empty(temporary()));
}

TEST(ErrnoError, SaysWhatHeals) {
  for (const int heals : {ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ESTALE}) {
    EXPECT_EQ(errno_error(heals, "writing").code, ErrorCode::kUnavailable) << heals;
  }
  for (const int denied : {EACCES, EPERM, EROFS, ELOOP}) {
    EXPECT_EQ(errno_error(denied, "writing").code, ErrorCode::kDenied) << denied;
  }
  EXPECT_THAT(errno_error(ENOSPC, "writing 'a'").message,
              AllOf(HasSubstr("writing 'a'"), HasSubstr("No space left"), HasSubstr("free some")));
}

// More names in one folder than are held at once.
TEST_F(FileStoreTest, ListsAFolderLargerThanItHolds) {
  fs::create_directories(bucket() / "n");
  constexpr int kFiles = 20'000;
  for (int i = 0; i < kFiles; ++i) {
    const fs::path path = bucket() / "n" / std::to_string(100'000 + i);
    ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  }
  ListQuery query{.prefix = "n/"};
  std::vector<std::string> keys;
  for (;;) {
    const auto page = store_->list(query);
    ASSERT_TRUE(page) << page.error().message;
    for (const ObjectInfo& object : page->objects) {
      keys.push_back(object.key);
    }
    if (page->next_token.empty()) {
      break;
    }
    query.token = page->next_token;
  }
  ASSERT_EQ(keys.size(), std::size_t{kFiles});
  EXPECT_TRUE(std::ranges::is_sorted(keys));
  EXPECT_EQ(keys.back(), "n/119999");
}

}  // namespace
}  // namespace nats3::object
