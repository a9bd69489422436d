// What each key may be set to, and which go together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/config_testing.h"

namespace nats3::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(ConfigTest, AnNkeyIsAWayOfLoggingIn) {
  Variables environment = enough();
  environment["NATS3_NATS_NKEY"] = "/seed.nk";
  const auto config = load_text("config.yaml", "", environment);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->nats.nkey, "/seed.nk");
  EXPECT_THAT(describe(*config), HasSubstr("nats.nkey = /seed.nk\n"));
}

TEST_F(ConfigTest, AJetStreamDomainIsOneWord) {
  Variables environment = enough();
  environment["NATS3_NATS_DOMAIN"] = "edge-7";
  const auto config = load_text("config.yaml", "", environment);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->nats.domain, "edge-7");
  EXPECT_THAT(describe(*config), HasSubstr("nats.domain = edge-7\n"));
  for (const char* domain : {"a.b", "a b", "*", ">"}) {
    EXPECT_THAT(error_of("config.yaml", std::string("nats:\n  domain: \"") + domain + "\"\n"),
                HasSubstr("nats.domain: must be the name of a JetStream domain"));
  }
}

TEST_F(ConfigTest, KeysThatAreFoundElsewhereNeedNotBeSet) {
  Variables environment = enough();
  environment.erase("NATS3_S3_ACCESS");
  environment.erase("NATS3_S3_SECRET");
  environment["NATS3_S3_CREDENTIALS"] = "AWS";
  const auto config = load({.default_file = "/no/such/config.toml", .environment = environment});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->s3.credentials, CredentialsFrom::kAws);
  EXPECT_THAT(describe(*config), HasSubstr("s3.credentials = aws\n"));

  environment["NATS3_S3_ACCESS"] = "key";
  EXPECT_THAT(error_of("config.yaml", "", environment), HasSubstr("set one or the others"));
  environment["NATS3_S3_CREDENTIALS"] = "keys";
  EXPECT_THAT(error_of("config.yaml", "", environment), HasSubstr("not set: s3.secret"));
  environment["NATS3_S3_CREDENTIALS"] = "iam";
  EXPECT_THAT(error_of("config.yaml", "", environment), HasSubstr("must be keys or aws"));
}

TEST_F(ConfigTest, WrongValuesSayWhereAndWhat) {
  EXPECT_THAT(
      error_of("config.toml", "[server]\naddr = \"8080\"\n"),
      AllOf(HasSubstr("config.toml:2:8: server.addr: must be an address"), HasSubstr("'8080'")));
  EXPECT_THAT(error_of("config.toml", "[server]\naddr = \"a:99999\"\n"), HasSubstr("'a:99999'"));
  EXPECT_THAT(error_of("config.toml", "[nats]\nurl = [\"a\"]\n"),
              HasSubstr("nats.url must be a string, a number or a boolean"));
  EXPECT_THAT(error_of("config.yaml", "nats:\n  replicas: -1\n"),
              HasSubstr("nats.replicas: must be a whole number from 1 to 5, not '-1'"));
  EXPECT_THAT(error_of("config.yaml", "s3:\n  endpoint: ftp://x\n"), HasSubstr("s3.endpoint"));
  EXPECT_THAT(error_of("config.toml", "[s3]\nendpoint = 7\n"), HasSubstr("s3.endpoint"));
  EXPECT_THAT(error_of("config.yaml", "s3:\n  endpoint: file:relative\n"),
              HasSubstr("an absolute path"));
  EXPECT_THAT(error_of("config.yaml", kYaml, {{"NATS3_S3_PATH_STYLE", "maybe"}}),
              HasSubstr("NATS3_S3_PATH_STYLE: s3.path_style: must be auto, true or false"));
  EXPECT_THAT(error_of("config.yaml", kYaml, {{"NATS3_NATS_BUCKET", "a.b"}}),
              HasSubstr("nats.bucket"));
  EXPECT_THAT(
      error_of("config.yaml", kYaml, {{"NATS3_NATS_TOKEN", "t"}, {"NATS3_NATS_CREDS", "c"}}),
      HasSubstr("set one of them"));
  EXPECT_THAT(error_of("config.yaml", kYaml, {{"NATS3_NATS_USER", "u"}}), HasSubstr("set both"));
  for (const char* variable :
       {"NATS3_NATS_TOKEN", "NATS3_NATS_CREDS", "NATS3_NATS_USER", "NATS3_NATS_PASSWORD"}) {
    EXPECT_THAT(error_of("config.yaml", kYaml, {{"NATS3_NATS_NKEY", "/x.nk"}, {variable, "x"}}),
                HasSubstr("set one of them"));
  }
  Variables two_ways = enough();
  two_ways["NATS3_NATS_URL"] = "nats://me:hidden@a:4222";
  two_ways["NATS3_NATS_NKEY"] = "/x.nk";
  EXPECT_THAT(error_of("config.yaml", "", two_ways),
              AllOf(HasSubstr("nats.nkey and the user in nats.url"), Not(HasSubstr("hidden"))));
  for (const char* variable : {"NATS3_NATS_CERT", "NATS3_NATS_KEY"}) {
    EXPECT_THAT(
        error_of("config.yaml", kYaml, {{variable, "/x.pem"}}),
        HasSubstr("nats.cert and nats.key, a certificate and its private key, go together"));
  }
  for (const char* variable : {"NATS3_SERVER_CERT", "NATS3_SERVER_KEY"}) {
    EXPECT_THAT(error_of("config.yaml", kYaml, {{variable, "/x.pem"}}),
                HasSubstr("server.cert and server.key, the API's certificate and its private key"));
  }
  EXPECT_THAT(error_of("config.yaml", kYaml, {{"NATS3_SERVER_PASSWORD", "p"}}),
              HasSubstr("server.user and server.password go together"));
  EXPECT_THAT(error_of("config.yaml", kYaml,
                       {{"NATS3_SERVER_USER", "a:b"}, {"NATS3_SERVER_PASSWORD", "p"}}),
              HasSubstr("no colon"));
}

TEST_F(ConfigTest, AFolderNeedsNoCredentials) {
  for (const char* endpoint : {"file:/var/lib/nats3", "file:///var/lib/nats3"}) {
    const auto config =
        load_text("config.yaml", "", {{"NATS3_NATS_URL", "a"}, {"NATS3_S3_ENDPOINT", endpoint}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->s3.folder, "/var/lib/nats3");
    EXPECT_EQ(config->s3.endpoint, "");
  }
}

TEST_F(ConfigTest, ARegionAloneIsAws) {
  Variables environment = enough();
  environment.erase("NATS3_S3_ENDPOINT");
  EXPECT_THAT(error_of("config.yaml", "", environment), HasSubstr("not set: s3.endpoint"));
  environment["NATS3_S3_REGION"] = "eu-west-1";
  const auto config = load_text("config.yaml", "", environment);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->s3.endpoint, "");
}

TEST_F(ConfigTest, AnEndpointWithoutASchemeIsHttps) {
  Variables environment = enough();
  environment["NATS3_S3_ENDPOINT"] = "s3.example.com/";
  EXPECT_EQ(load_text("config.yaml", "", environment)->s3.endpoint, "https://s3.example.com");
}

}  // namespace
}  // namespace nats3::config
