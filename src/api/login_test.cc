#include "api/login.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace nats3::api {
namespace {

TEST(LoginTest, WithoutOneEverybodyIsLetIn) {
  EXPECT_TRUE(Login().admits(""));
  EXPECT_TRUE(Login().admits("Basic eDp5"));
}

// The example of RFC 7617.
TEST(LoginTest, NameAndPasswordAreBasicAuthentication) {
  const Login login("Aladdin", "open sesame");
  EXPECT_TRUE(login.admits("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
  EXPECT_TRUE(login.admits("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
}

TEST(LoginTest, NothingElseIsLetIn) {
  const Login login("Aladdin", "open sesame");
  for (const char* wrong :
       {"", "Basic", "Basic ", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZR==", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==x", "Basic Aladdin:open sesame"}) {
    EXPECT_FALSE(login.admits(wrong)) << wrong;
  }
  EXPECT_FALSE(Login("a", "").admits(""));
  EXPECT_TRUE(Login("a", "").admits("Basic YTo="));
}

TEST(LoginTest, TheAnswerHasABrowserAsk) {
  const HttpResponse response = login_needed();
  EXPECT_EQ(response.status, 401);
  EXPECT_TRUE(parse_json(response.body));
  EXPECT_THAT(response.headers, ::testing::Contains(::testing::Pair(
                                    "WWW-Authenticate", ::testing::HasSubstr("Basic"))));
}

}  // namespace
}  // namespace nats3::api
