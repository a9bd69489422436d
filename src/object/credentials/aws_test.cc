#include "object/credentials/aws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/uuid.h"
#include "object/aws_endpoint.h"
#include "object/credentials/metadata.h"

namespace nats3::object {
namespace {

using testing::HasSubstr;

// What was found, for people, or the error's message.
std::string found(const AwsVariables& variables) {
  const auto source = find_aws_credentials(variables, "eu-central-1");
  return source ? (*source)->describe() : source.error().message;
}

class AwsCredentials : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(home_ / ".aws");
    std::ofstream(home_ / ".aws/credentials") << "[default]\n";
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  std::filesystem::path home_ =
      std::filesystem::temp_directory_path() / ("nats3-home-" + make_uuid());
};

// Each is left out in turn, and the next one holds.
TEST_F(AwsCredentials, AreLookedForInAnOrder) {
  AwsVariables variables{{"AWS_ACCESS_KEY_ID", "AKIA"},
                         {"AWS_SECRET_ACCESS_KEY", "secret"},
                         {"AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"},
                         {"AWS_ROLE_ARN", "arn:aws:iam::1:role/archive"},
                         {"HOME", home_},
                         {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1"}};
  EXPECT_EQ(found(variables), "AWS_ACCESS_KEY_ID in the environment");
  variables["AWS_ACCESS_KEY_ID"] = "";
  EXPECT_EQ(found(variables),
            "the role arn:aws:iam::1:role/archive for the token in /var/run/token");
  variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  EXPECT_EQ(found(variables), "the profile 'default' in " + (home_ / ".aws/credentials").string());
  variables["AWS_PROFILE"] = "archive";
  variables["AWS_SHARED_CREDENTIALS_FILE"] = "/not/there/yet";
  EXPECT_EQ(found(variables), "the profile 'archive' in /not/there/yet");
  variables.erase("AWS_SHARED_CREDENTIALS_FILE");
  variables["HOME"] = "/nowhere";
  EXPECT_EQ(found(variables), "this container's role at http://169.254.170.2/v2/credentials/1");
  variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  EXPECT_EQ(found(variables), "this EC2 instance's role at http://169.254.169.254");
  variables["AWS_EC2_METADATA_DISABLED"] = "True";
  EXPECT_THAT(found(variables), HasSubstr("nothing here gives out credentials"));
}

TEST_F(AwsCredentials, HalfOfATwoIsAnError) {
  EXPECT_THAT(found({{"AWS_ACCESS_KEY_ID", "AKIA"}}), HasSubstr("AWS_SECRET_ACCESS_KEY"));
  EXPECT_THAT(found({{"AWS_WEB_IDENTITY_TOKEN_FILE", "/x"}}), HasSubstr("AWS_ROLE_ARN isn't"));
}

// Who answers learns the token.
TEST_F(AwsCredentials, AContainersAreOnlyAskedOfWhoMayKnow) {
  for (const char* url :
       {"https://example.com/keys", "http://127.0.0.1:8080/x", "http://localhost/",
        "http://[::1]:1", "http://169.254.170.2", "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/v1/credentials", "http://127.0.0.1/a@b"}) {
    EXPECT_TRUE(container_role({.url = url})) << url;
  }
  for (const char* url :
       {"", "file:///etc/passwd", "http://example.com/", "http://169.254.170.2.evil/",
        "http://169.254.170.2@evil/", "http://127.0.0.1:80@evil/", "http://localhostile/",
        "HTTP://127.0.0.1"}) {
    const auto source = container_role({.url = url});
    ASSERT_FALSE(source) << url;
    EXPECT_EQ(source.error().code, ErrorCode::kInvalid);
  }
}

TEST(AwsEndpoint, IsThatOfTheRegion) {
  EXPECT_EQ(aws_endpoint("s3", "eu-central-1"), "https://s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(aws_endpoint("sts", "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn");
}

}  // namespace
}  // namespace nats3::object
