// Lessons of S3: credentials that end, that are given out by somebody else, and that S3 doesn't
// take any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/uuid.h"
#include "object/credentials/aws.h"
#include "tests/contract/s3_lessons.h"

namespace nats3::object {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// One server plays both S3 and what gives out credentials.
class S3CredentialsLessons : public S3Lessons {
 protected:
  void SetUp() override {
    S3Lessons::SetUp();
    std::ofstream(token_file_) << "signed+token/=\n";
  }
  void TearDown() override { std::filesystem::remove(token_file_); }

  void use(const AwsVariables& variables) {
    auto source = find_aws_credentials(variables, "eu-central-1");
    ASSERT_TRUE(source) << source.error().message;
    options_.credentials = *source;
  }
  void use_container() {
    use({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server_.endpoint() + "/container"},
         {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token_file_}});
  }
  void use_web_identity() {
    use({{"AWS_WEB_IDENTITY_TOKEN_FILE", token_file_},
         {"AWS_ROLE_ARN", "arn:aws:iam::1:role/archive"},
         {"AWS_ENDPOINT_URL_STS", server_.endpoint()}});
  }
  void use_instance() { use({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server_.endpoint()}}); }

  static std::string key_document(const std::string& access) {
    return R"({"Code": "Success", "AccessKeyId": ")" + access +
           R"(", "SecretAccessKey": "secret", "Token": "token of )" + access +
           R"(", "Expiration": "2100-01-01T00:00:00Z"})";
  }
  static std::string role_answer(const std::string& access) {
    return "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
           "<AccessKeyId>" +
           access +
           "</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
           "<SessionToken>t</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration>"
           "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";
  }

  // Gives out key-1, key-2 and so on, and takes only the one that `taken` names.
  void serve(const std::string& taken) {
    server_.set_plan([taken, given = 0](const ToxicRequest& request) mutable {
      if (request.target == "/container") {
        return answer_with({200, key_document("key-" + std::to_string(++given)), {}});
      }
      return request.headers.at("authorization").find("=" + taken + "/") != std::string::npos
                 ? Toxic{}
                 : answer_with(s3_error_answer(400, "ExpiredToken"));
    });
  }

  Error error_of_opening() {
    const auto opened = make_s3_provider(options_)->open("bucket", IfMissing::kFail);
    EXPECT_FALSE(opened);
    return opened ? Error{} : opened.error();
  }

  std::string token_file_ = std::filesystem::temp_directory_path() / ("nats3-token-" + make_uuid());
};

TEST_F(S3CredentialsLessons, AContainerHasThemFromItsHost) {
  use_container();
  serve("key-1");
  ASSERT_TRUE(store().put("key", "body"));
  EXPECT_EQ(server_.count("GET", "/container"), 1);
  EXPECT_EQ(server_.requests().front().headers.at("authorization"), "signed+token/=");
  EXPECT_EQ(server_.requests().back().headers.at("x-amz-security-token"), "token of key-1");
}

TEST_F(S3CredentialsLessons, AnInstanceHasThemForAToken) {
  use_instance();
  server_.set_plan([](const ToxicRequest& request) {
    if (request.is("PUT", "/latest/api/token")) {
      return answer_with({200, "session", {}});
    }
    constexpr const char* kRoles = "/latest/meta-data/iam/security-credentials/";
    if (request.target.find(kRoles) == std::string::npos) {
      return Toxic{};
    }
    if (request.headers.at("x-aws-ec2-metadata-token") != "session") {
      return answer_with({401, "", {}});
    }
    return answer_with(
        {200, request.target == kRoles ? "archive-role\nother" : key_document("ASIA"), {}});
  });
  ASSERT_TRUE(store().put("key", "body"));
  EXPECT_EQ(server_.count("GET", "/security-credentials/archive-role"), 1);
  EXPECT_THAT(server_.requests().back().headers.at("authorization"), HasSubstr("=ASIA/"));
}

TEST_F(S3CredentialsLessons, ARoleIsGivenForASignedToken) {
  use_web_identity();
  server_.set_plan([](const ToxicRequest& request) {
    return request.method == "POST" ? answer_with({200, role_answer("ASIA"), {}}) : Toxic{};
  });
  ASSERT_TRUE(store().put("key", "body"));
  const ToxicRequest exchange = server_.requests().front();
  EXPECT_EQ(exchange.target, "/");
  EXPECT_EQ(exchange.headers.at("content-type"), "application/x-www-form-urlencoded");
  EXPECT_FALSE(exchange.headers.contains("authorization"));
  EXPECT_EQ(exchange.body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
            "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Farchive&RoleSessionName=nats3&"
            "WebIdentityToken=signed%2Btoken%2F%3D");
  EXPECT_THAT(server_.requests().back().headers.at("authorization"), HasSubstr("=ASIA/"));
}

// The next ones have been given out meanwhile; the request is sent with them.
TEST_F(S3CredentialsLessons, WhatHasEndedIsReplacedWithoutAFailure) {
  use_container();
  serve("key-1");
  ASSERT_TRUE(store().put("key", "body"));
  clock_.advance(std::chrono::minutes{1});
  server_.set_plan([](const ToxicRequest& request) {
    if (request.target == "/container") {
      return answer_with({200, key_document("new"), {}});
    }
    return request.headers.at("authorization").find("=new/") != std::string::npos
               ? Toxic{}
               : answer_with(s3_error_answer(400, "ExpiredToken"));
  });
  const auto got = store().get("key");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(*got, "body");
  EXPECT_EQ(server_.count("GET", "/bucket/key"), 2);
}

// A key that was deactivated, while a new one is in the file; a token that has ended.
TEST_F(S3CredentialsLessons, AHeadThatIsRefusedWithoutAReasonIsTriedWithOthers) {
  use_container();
  serve("key-1");
  ASSERT_TRUE(store().put("key", "body"));
  for (const int status : {403, 400}) {
    clock_.advance(std::chrono::minutes{3});
    const std::string access = "new-" + std::to_string(status);
    server_.set_plan([status, access](const ToxicRequest& request) {
      if (request.target == "/container") {
        return answer_with({200, key_document(access), {}});
      }
      return request.headers.at("authorization").find("=" + access + "/") != std::string::npos
                 ? Toxic{}
                 : answer_with({status, "", {}});
    });
    const auto info = store().head("key");
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->size, 4U);
  }
}

// It may be right again: whoever asked waits and doesn't give up.
TEST_F(S3CredentialsLessons, AHeadThatIsRefusedToAllOfThemIsDenied) {
  ASSERT_TRUE(store().put("key", "body"));
  poison("HEAD", "/bucket/key", answer_with({400, "", {}}));
  const auto info = store().head("key");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kDenied);
  EXPECT_THAT(info.error().message, HasSubstr("do the credentials hold"));
}

TEST_F(S3CredentialsLessons, WhatS3RefusesIsToldWithWhyItCannotBeRenewed) {
  use_container();
  serve("key-1");
  ASSERT_TRUE(store().put("key", "body"));
  clock_.advance(std::chrono::minutes{1});
  server_.set_plan([](const ToxicRequest& request) {
    return request.target == "/container" ? answer_with({503, "", {}})
                                          : answer_with(s3_error_answer(400, "ExpiredToken"));
  });
  const auto got = store().get("key");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::kDenied);
  EXPECT_THAT(got.error().message,
              AllOf(HasSubstr("ExpiredToken"), HasSubstr("they can't be renewed: credentials of"),
                    HasSubstr("HTTP 503")));
}

TEST_F(S3CredentialsLessons, ATokenThatIsMoreThanALineIsNotSent) {
  const std::string url = server_.endpoint() + "/container";
  use({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", url},
       {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "token\r\nX-Other: header"}});
  EXPECT_EQ(error_of_opening().code, ErrorCode::kDenied);
  std::ofstream(token_file_) << "token\nX-Other: header\n";
  use_container();
  EXPECT_EQ(error_of_opening().code, ErrorCode::kDenied);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(S3CredentialsLessons, AnInstanceThatDoesNotAnswerIsSaidToBePerhapsTooFarAway) {
  use_instance();
  server_.set_plan([](const ToxicRequest&) { return Toxic{Kind::kReset, {}, 0}; });
  const Error error = error_of_opening();
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("hop limit must be 2"));
}

TEST_F(S3CredentialsLessons, WhatIsDeniedToAllOfThemIsDenied) {
  use_container();
  serve("key-1");
  ASSERT_TRUE(store().put("key", "body"));
  clock_.advance(std::chrono::minutes{1});
  serve("none");
  const auto got = store().get("key");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::kDenied);
  EXPECT_THAT(got.error().message, HasSubstr("ExpiredToken"));
  EXPECT_EQ(server_.count("GET", "/container"), 2);
  EXPECT_FALSE(store().get("key"));
  EXPECT_EQ(server_.count("GET", "/container"), 2) << "asked anew for each refusal";
}

TEST_F(S3CredentialsLessons, WhoGivesNoneOutIsNamedWithTheReason) {
  use_container();
  server_.set_plan([](const ToxicRequest&) {
    return answer_with({404, R"({"code": "NoRole", "message": "none"})", {}});
  });
  EXPECT_EQ(error_of_opening().code, ErrorCode::kDenied);
  EXPECT_THAT(error_of_opening().message,
              AllOf(HasSubstr("opening the bucket 'bucket'"), HasSubstr("this container's role at"),
                    HasSubstr("HTTP 404 NoRole (none)"), Not(HasSubstr("signed+token"))));

  use_web_identity();
  server_.set_plan([](const ToxicRequest&) {
    return answer_with({400,
                        "<ErrorResponse><Error><Code>ExpiredTokenException</Code></Error>"
                        "</ErrorResponse>",
                        {}});
  });
  EXPECT_THAT(error_of_opening().message,
              AllOf(HasSubstr("the role arn:aws:iam::1:role/archive"),
                    HasSubstr("ExpiredTokenException"), Not(HasSubstr("signed+token"))));

  use_instance();
  server_.set_plan([](const ToxicRequest& request) {
    return request.method == "PUT" ? answer_with({200, "session", {}}) : answer_with({404, "", {}});
  });
  EXPECT_THAT(error_of_opening().message, HasSubstr("give the instance a role"));
}

TEST_F(S3CredentialsLessons, WhoIsAwayIsWaitedFor) {
  use_container();
  server_.set_plan([failed = false](const ToxicRequest& request) mutable {
    if (request.target != "/container") {
      return Toxic{};
    }
    return std::exchange(failed, true) ? answer_with({200, key_document("key-1"), {}})
                                       : answer_with({503, "", {}});
  });
  EXPECT_EQ(error_of_opening().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(make_s3_provider(options_)->open("bucket", IfMissing::kFail));
}

TEST_F(S3CredentialsLessons, ARoleWithAnOddNameIsNotAskedFor) {
  use_instance();
  server_.set_plan([](const ToxicRequest& request) {
    return request.method == "PUT" ? answer_with({200, "session", {}})
                                   : answer_with({200, "../../user-data", {}});
  });
  EXPECT_EQ(error_of_opening().code, ErrorCode::kUnavailable);
  EXPECT_EQ(server_.count("GET", "user-data"), 0);
}

TEST_F(S3CredentialsLessons, AnAnswerWithoutAnEndIsCut) {
  use_container();
  server_.set_plan([](const ToxicRequest&) {
    return answer_with({200, std::string(1 << 20, ' ') + key_document("key"), {}});
  });
  EXPECT_THAT(error_of_opening().message, HasSubstr("larger than"));
}

}  // namespace
}  // namespace nats3::object
