#include "base/small_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/uuid.h"

namespace nats3 {
namespace {

using testing::HasSubstr;

class SmallFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& text) {
    const std::string path = folder_ / "file";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("nats3-small-file-" + make_uuid());
};

TEST_F(SmallFileTest, IsReadWhole) {
  const std::string text("a\0b\r\n", 5);
  EXPECT_EQ(read_small_file(write(text)), text);
  EXPECT_EQ(read_small_file(write("")), "");
  EXPECT_EQ(read_small_file(write(std::string(kMaxSmallFileBytes, 'x')))->size(),
            kMaxSmallFileBytes);
}

TEST_F(SmallFileTest, WhatIsNoneIsAnError) {
  const auto large = read_small_file(write(std::string(kMaxSmallFileBytes + 1, 'x')));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(large.error().message, HasSubstr("larger than 1 MiB"));

  const std::string missing = folder_ / "missing";
  const auto nothing = read_small_file(missing);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, ErrorCode::kNotFound);

  const auto folder = read_small_file(folder_);
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kInvalid);

  EXPECT_EQ(read_secret_file(missing).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_secret_file(folder_).error().code, ErrorCode::kInvalid);
}

// Opening one waits for who writes into it.
TEST_F(SmallFileTest, APipeIsReadOnlyWhereItMayBe) {
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(read_small_file(pipe).error().message, HasSubstr("isn't a regular file"));
  EXPECT_FALSE(read_secret_file(pipe));
  std::thread writer([&] { std::ofstream(pipe) << std::string(100'000, 'x'); });
  EXPECT_EQ(read_small_file(pipe, FileKind::kAny)->size(), 100'000U);
  writer.join();
}

TEST_F(SmallFileTest, ASecretIsReadWhole) {
  EXPECT_EQ(read_secret_file(write("seed\n"))->view(), "seed\n");
  EXPECT_EQ(read_secret_file(write(""))->view(), "");
  EXPECT_FALSE(read_secret_file(write(std::string(kMaxSmallFileBytes + 1, 'x'))));
}

}  // namespace
}  // namespace nats3
