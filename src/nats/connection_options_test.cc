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

TEST(ConnectionOptionsTest, TlsIsAskedForByUrlOrAuthority) {
  ConnectionOptions options;
  options.urls = {"nats://u:p@a:1", "b"};
  EXPECT_FALSE(wants_tls(options));
  EXPECT_THAT(with_tls(options).urls, ElementsAre("tls://u:p@a:1", "tls://b"));
  EXPECT_TRUE(wants_tls(with_tls(options)));
  options.ca_file = "ca.pem";
  EXPECT_TRUE(wants_tls(options));
  options.ca_file.clear();
  options.certificate_file = "cert.pem";
  EXPECT_TRUE(wants_tls(options));
}

TEST(ConnectionOptionsTest, PasswordsAreNotShown) {
  EXPECT_EQ(display_urls({"nats://user:pa@ss@host:4222", "nats://b:1"}),
            "nats://host:4222, nats://b:1");
}

}  // namespace
}  // namespace nats3::nats
