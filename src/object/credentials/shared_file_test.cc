#include "object/credentials/shared_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/uuid.h"

namespace nats3::object {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kFile =
    "# keys\r\n"
    "aws_access_key_id = of nobody\n"
    "[default]\r\n"
    "aws_access_key_id = AKIA\r\n"
    "AWS_Secret_Access_Key=a=b/+ \n"
    "; a comment\n"
    "s3 =\n"
    "  aws_access_key_id = nested\n"
    "no value\n"
    "\n"
    "[ other one ]\n"
    "aws_access_key_id=OTHER\n"
    "aws_secret_access_key=secret\n"
    "aws_session_token=token\n"
    "[role]\n"
    "role_arn=arn:aws:iam::1:role/x";

TEST(SharedFile, AProfileIsWhatItsLinesSay) {
  const auto profile = read_profile(kFile, "default");
  ASSERT_TRUE(profile) << profile.error().message;
  EXPECT_THAT(*profile, ElementsAre(Pair("aws_access_key_id", "AKIA"),
                                    Pair("aws_secret_access_key", "a=b/+"), Pair("s3", "")));
  EXPECT_EQ(read_profile(kFile, "other one")->at("aws_session_token"), "token");
  EXPECT_EQ(read_profile("[x", "x")->size(), 0U);
}

TEST(SharedFile, AProfileThatIsNotThere) {
  for (const char* text : {"", "[", "[]", "default", kFile}) {
    const auto profile = read_profile(text, "missing");
    ASSERT_FALSE(profile);
    EXPECT_EQ(profile.error().code, ErrorCode::kNotFound);
  }
}

class SharedFileSource : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  std::string error_of(const std::string& profile) const {
    const auto keys = shared_file(path_, profile)->fetch();
    EXPECT_FALSE(keys);
    EXPECT_EQ(keys.error().code, ErrorCode::kDenied);
    return keys ? "" : keys.error().message;
  }

  std::string path_ = std::filesystem::temp_directory_path() / ("nats3-credentials-" + make_uuid());
};

TEST_F(SharedFileSource, IsReadAnewEachTime) {
  const auto source = shared_file(path_, "other one");
  EXPECT_FALSE(source->fetch());
  write(kFile);
  const auto keys = source->fetch();
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->keys, (Credentials{"OTHER", "secret", "token"}));
  EXPECT_EQ(keys->expires, std::nullopt);
  write("[other one]\naws_access_key_id=NEW\naws_secret_access_key=s");
  EXPECT_EQ(source->fetch()->keys, (Credentials{"NEW", "s", ""}));
}

TEST_F(SharedFileSource, SaysWhatIsMissing) {
  EXPECT_THAT(error_of("default"), HasSubstr(path_));
  write(kFile);
  EXPECT_THAT(error_of("missing"), HasSubstr("there is no profile 'missing'"));
  EXPECT_THAT(error_of("role"), HasSubstr("takes no role_arn"));
}

}  // namespace
}  // namespace nats3::object
