#include "object/credentials/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_text.h"

namespace nats3::object {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kExpires = "2026-11-29T19:22:36Z";

Error error_of(const Result<ExpiringCredentials>& result) {
  EXPECT_FALSE(result);
  return result ? Error{} : result.error();
}

TEST(CredentialsAnswers, AContainersKeys) {
  const auto keys = parse_key_document(R"({
    "AccessKeyId": "ASIA", "SecretAccessKey": "s/+", "Token": "t==",
    "Expiration": "2026-11-29T19:22:36Z", "RoleArn": "arn:aws:iam::1:role/x"})");
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->keys, (Credentials{"ASIA", "s/+", "t=="}));
  EXPECT_EQ(keys->expires, *parse_time(kExpires));
}

TEST(CredentialsAnswers, AnInstancesKeys) {
  const auto keys = parse_key_document(R"({
    "Code": "Success", "LastUpdated": "2026-11-29T13:00:00Z", "Type": "AWS-HMAC",
    "AccessKeyId": "ASIA", "SecretAccessKey": "s", "Token": "t",
    "Expiration": "2026-11-29T19:22:36Z"})");
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->keys, (Credentials{"ASIA", "s", "t"}));
}

TEST(CredentialsAnswers, KeysWithoutAnEnd) {
  const auto keys = parse_key_document(R"({"AccessKeyId": "A", "SecretAccessKey": "s"})");
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(keys->keys, (Credentials{"A", "s", ""}));
  EXPECT_EQ(keys->expires, std::nullopt);
}

TEST(CredentialsAnswers, WhyAnInstanceHasNone) {
  const Error error =
      error_of(parse_key_document(R"({"Code": "AssumeRoleUnauthorizedAccess", "Message": "no"})"));
  EXPECT_EQ(error.code, ErrorCode::kDenied);
  EXPECT_THAT(error.message, HasSubstr("AssumeRoleUnauthorizedAccess no"));
}

TEST(CredentialsAnswers, WhatIsNoKeyDocument) {
  for (const char* text :
       {"", "null", "[]", "<html>", "{", R"({"AccessKeyId": "A"})",
        R"({"AccessKeyId": 1, "SecretAccessKey": "secret"})",
        R"({"AccessKeyId": "", "SecretAccessKey": "secret"})",
        R"({"AccessKeyId": "A", "SecretAccessKey": "secret", "Expiration": "soon"})"}) {
    const Error error = error_of(parse_key_document(text));
    EXPECT_EQ(error.code, ErrorCode::kUnavailable) << text;
    EXPECT_THAT(error.message, AllOf(HasSubstr("no credentials"), Not(HasSubstr("secret"))));
  }
}

// As AWS answers, and as Ceph does.
TEST(CredentialsAnswers, ARolesKeys) {
  for (const char* space : {R"( xmlns="https://sts.amazonaws.com/doc/2011-06-15/")", ""}) {
    const std::string xml =
        std::string("<AssumeRoleWithWebIdentityResponse") + space +
        "><AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>me"
        "</SubjectFromWebIdentityToken><Credentials><SessionToken>t+/=</SessionToken>"
        "<SecretAccessKey>s</SecretAccessKey><Expiration>2026-11-29T19:22:36Z</Expiration>"
        "<AccessKeyId>ASIA</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>"
        "</AssumeRoleWithWebIdentityResponse>";
    const auto keys = parse_role_answer(xml);
    ASSERT_TRUE(keys) << keys.error().message;
    EXPECT_EQ(keys->keys, (Credentials{"ASIA", "s", "t+/="}));
    EXPECT_EQ(keys->expires, *parse_time(kExpires));
  }
}

TEST(CredentialsAnswers, WhatIsNoRoleAnswer) {
  for (const char* text :
       {"", "{}", "<a>", "<AssumeRoleResponse/>", "<AssumeRoleWithWebIdentityResponse/>",
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>"
        "<Credentials/></AssumeRoleWithWebIdentityResult>"
        "</AssumeRoleWithWebIdentityResponse>"}) {
    EXPECT_EQ(error_of(parse_role_answer(text)).code, ErrorCode::kUnavailable) << text;
  }
}

TEST(CredentialsAnswers, RefusalsSayWhy) {
  const Error sts = refusal_of(
      {.status = 403,
       .body = R"(<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
                  <Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized</Message>
                  </Error></ErrorResponse>)"},
      "do this");
  EXPECT_EQ(sts, (Error{ErrorCode::kDenied, "HTTP 403 AccessDenied (Not authorized); do this"}));
  EXPECT_EQ(refusal_of({.status = 400, .body = R"({"code": "BadToken", "message": "m"})"}, "x"),
            (Error{ErrorCode::kDenied, "HTTP 400 BadToken (m); x"}));
  EXPECT_EQ(refusal_of({.status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"}, "x"),
            (Error{ErrorCode::kDenied, "HTTP 403 AccessDenied; x"}));
  EXPECT_EQ(refusal_of({.status = 404, .body = "Not Found"}, "x"),
            (Error{ErrorCode::kDenied, "HTTP 404; x"}));
}

TEST(CredentialsAnswers, WhoIsBusyIsAskedAgain) {
  EXPECT_EQ(refusal_of({.status = 503}, "x").code, ErrorCode::kUnavailable);
  EXPECT_EQ(refusal_of({.status = 429}, "x").code, ErrorCode::kUnavailable);
  for (const std::string code : {"Throttling", "RequestLimitExceeded", "IDPCommunicationError"}) {
    const std::string body =
        "<ErrorResponse><Error><Code>" + code + "</Code></Error></ErrorResponse>";
    EXPECT_EQ(refusal_of({.status = 400, .body = body}, "x").code, ErrorCode::kUnavailable) << code;
  }
}

}  // namespace
}  // namespace nats3::object
