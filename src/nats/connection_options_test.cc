#include "nats/connection_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::nats {
namespace {

using ::testing::ElementsAre;

TEST(ConnectionOptionsTest, UrlsGetTheirScheme) {
  EXPECT_THAT(*parse_urls("localhost:4222"), ElementsAre("nats://localhost:4222"));
  EXPECT_THAT(*parse_urls(" nats://a:1 , tls://b:2,c ,"),
              ElementsAre("nats://a:1", "tls://b:2", "nats://c"));
}

TEST(ConnectionOptionsTest, BadUrlsAreRefused) {
  for (const char* text : {"", " , ", "a b", "a\nb", "nats://a\x7f"}) {
    EXPECT_EQ(parse_urls(text).error().code, ErrorCode::kInvalid) << text;
  }
}

TEST(ConnectionOptionsTest, PasswordsAreNotShown) {
  EXPECT_EQ(display_urls({"nats://user:pa@ss@host:4222", "nats://b:1"}),
            "nats://host:4222, nats://b:1");
}

}  // namespace
}  // namespace nats3::nats
