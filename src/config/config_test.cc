#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/config_testing.h"
#include "config/keys.h"

namespace nats3::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// The example of nats-s3-connector, as users of it have it.
constexpr const char* kToml = R"(log = "info"

[server]
addr = "0.0.0.0:8080"

[nats]
url = "nats:4222"

[postgres]
url = "postgresql://user:pass@postgres:5432/db"
migrate = true

[s3]
region = "us-east-1"
endpoint = "http://minio:9000"
access = "test-user"
secret = "test-password"
)";

TEST_F(ConfigTest, TheExistingConnectorsFileWorksAsItIs) {
  const auto config = load_text("config.toml", kToml);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->log, "info");
  EXPECT_EQ(config->server.host, "0.0.0.0");
  EXPECT_EQ(config->server.port, 8080);
  EXPECT_EQ(config->nats.url, "nats:4222");
  EXPECT_EQ(config->nats.bucket, "NATS3");
  EXPECT_EQ(config->nats.replicas, 1);
  EXPECT_EQ(config->s3.endpoint, "http://minio:9000");
  EXPECT_EQ(config->s3.region, "us-east-1");
  EXPECT_EQ(config->s3.access, "test-user");
  EXPECT_EQ(config->s3.secret, "test-password");
  EXPECT_THAT(config->notices, ElementsAre(HasSubstr("postgres.* is not used")));
}

TEST_F(ConfigTest, YamlSaysTheSame) {
  for (const char* name : {"config.yaml", "config.yml"}) {
    const auto config = load_text(name, kYaml);
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->s3.endpoint, "http://minio:9000");
    EXPECT_EQ(config->log, "info");
    EXPECT_THAT(config->notices, IsEmpty());
  }
}

TEST_F(ConfigTest, EveryKeyCanComeFromTheEnvironment) {
  Variables environment = enough();
  for (const auto& [name, value] : Variables{{"NATS3_LOG", "Debug"},
                                             {"NATS3_SERVER_ADDR", "[::1]:99"},
                                             {"NATS3_NATS_BUCKET", "JOBS"},
                                             {"NATS3_NATS_REPLICAS", "3"},
                                             {"NATS3_NATS_CREDS", "/a.creds"},
                                             {"NATS3_NATS_CA", "/ca.pem"},
                                             {"NATS3_NATS_CERT", "/cert.pem"},
                                             {"NATS3_NATS_KEY", "/key.pem"},
                                             {"NATS3_S3_REGION", "eu-west-1"},
                                             {"NATS3_S3_PATH_STYLE", "false"},
                                             {"NATS3_S3_SESSION_TOKEN", "temporary"},
                                             {"NATS3_S3_CA", "/s3.pem"}}) {
    environment[name] = value;
  }
  const auto config =
      load({.default_file = (folder_ / "none.toml").string(), .environment = environment});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->log, "debug");
  EXPECT_EQ(config->server.host, "::1");
  EXPECT_EQ(config->server.port, 99);
  EXPECT_EQ(config->nats.bucket, "JOBS");
  EXPECT_EQ(config->nats.replicas, 3);
  EXPECT_EQ(config->nats.creds, "/a.creds");
  EXPECT_EQ(config->nats.ca, "/ca.pem");
  EXPECT_EQ(config->nats.cert, "/cert.pem");
  EXPECT_EQ(config->nats.key, "/key.pem");
  EXPECT_EQ(config->s3.region, "eu-west-1");
  EXPECT_EQ(config->s3.path_style, PathStyle::kNever);
  EXPECT_EQ(config->s3.session_token, "temporary");
  EXPECT_EQ(config->s3.ca, "/s3.pem");
  EXPECT_THAT(config->notices, IsEmpty());
}

TEST_F(ConfigTest, TheFileWinsOverTheEnvironmentWithOneNotice) {
  const auto config = load_text("config.yaml", kYaml,
                                {{"NATS3_S3_REGION", "eu-west-1"},
                                 {"NATS3_NATS_URL", "nats://other:4222"},
                                 {"NATS3_S3_ACCESS", "test-user"}});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->s3.region, "us-east-1");
  EXPECT_EQ(config->nats.url, "nats:4222");
  ASSERT_THAT(config->notices, ElementsAre(AllOf(HasSubstr("s3.region (NATS3_S3_REGION)"),
                                                 HasSubstr("nats.url (NATS3_NATS_URL)"))));
  EXPECT_THAT(config->notices[0], Not(HasSubstr("s3.access")));
}

TEST_F(ConfigTest, AMissingDefaultFileIsSaidWhenSomethingIsMissing) {
  Variables environment = enough();
  environment.erase("NATS3_S3_SECRET");
  environment["NATS3_NATS_URL"] = "";
  const auto config = load({.default_file = "/no/such/config.toml", .environment = environment});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().message,
              AllOf(HasSubstr("there is no /no/such/config.toml"),
                    HasSubstr("not set: nats.url, s3.secret"), HasSubstr("NATS3_S3_SECRET")));
}

TEST_F(ConfigTest, AFileThatWasNamedMustBeThere) {
  const auto config = load({.file = "/no/such/file.toml", .environment = enough()});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(config.error().message, StartsWith("/no/such/file.toml: can't be read"));
  EXPECT_FALSE(load({.file = folder_.string() + ".toml/", .environment = enough()}));
  std::filesystem::create_directory(folder_ / "d.toml");
  EXPECT_THAT(load({.file = (folder_ / "d.toml").string(), .environment = {}}).error().message,
              HasSubstr("is a folder"));
}

TEST_F(ConfigTest, TheSuffixSaysTheFormat) {
  EXPECT_THAT(error_of("config.json", "{}"), HasSubstr(".toml, .yaml or .yml"));
  EXPECT_THAT(error_of("config", ""), HasSubstr(".toml, .yaml or .yml"));
}

TEST_F(ConfigTest, MalformedFilesAreNamedWithLineAndColumn) {
  EXPECT_THAT(error_of("config.toml", "log = \"info\"\n[s3\n"),
              HasSubstr("config.toml:2:4: not TOML"));
  EXPECT_THAT(error_of("config.toml", "log = info\n"), HasSubstr("config.toml:1:10: not TOML"));
  EXPECT_THAT(error_of("config.toml", "log = \"a\"\nlog = \"b\"\n"), HasSubstr("config.toml:2:"));
  EXPECT_THAT(error_of("config.yaml", "log: info\ns3: {a: b\n"), HasSubstr("config.yaml:3:1"));
  EXPECT_THAT(error_of("config.yaml", "log: info\nlog: debug\n"),
              HasSubstr("config.yaml:2:1: log stands here a second time"));
  EXPECT_THAT(error_of("config.yaml", "- a\n- b\n"), HasSubstr("must be a map of keys"));
  EXPECT_THAT(error_of("config.yaml", "just text"), HasSubstr("must be a map of keys"));
  EXPECT_THAT(error_of("config.yaml", "? [a]\n: b\n"), HasSubstr("a key must be plain text"));
}

TEST_F(ConfigTest, UnknownKeysAreNamedWithTheNearest) {
  EXPECT_THAT(error_of("config.toml", "[s3]\nendpiont = \"x\"\n"),
              AllOf(HasSubstr("config.toml:2:12: unknown key 's3.endpiont'"),
                    HasSubstr("did you mean 's3.endpoint'?")));
  EXPECT_THAT(error_of("config.yaml", "nats:\n  uri: x\n"),
              AllOf(HasSubstr("config.yaml:2:3: unknown key 'nats.uri'"), HasSubstr("'nats.url'")));
  EXPECT_THAT(error_of("config.toml", "log = { level = \"info\" }\n"),
              HasSubstr("unknown key 'log.level'"));
}

TEST_F(ConfigTest, WhatThereIsIgnoredHereIsNoted) {
  const auto config = load_text("config.yaml", "log: verbose\n", enough());
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->log, "info");
  EXPECT_THAT(config->notices, ElementsAre(HasSubstr("'verbose'")));
}

TEST_F(ConfigTest, AVariableWithATypoIsNotedAndOthersAreNot) {
  Variables environment = enough();
  environment["NATS3_S3_REGON"] = "x";
  environment["NATS3_SERVICE_HOST"] = "10.0.0.1";
  environment["NATS3_PORT_8080_TCP_ADDR"] = "10.0.0.1";
  environment["NATS3_SERVER_URL"] = "http://x";
  environment["PATH"] = "/bin";
  const auto config = load_text("config.yaml", "", environment);
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->notices, ElementsAre(AllOf(HasSubstr("NATS3_S3_REGON"),
                                                 HasSubstr("did you mean NATS3_S3_REGION?"))));
}

TEST_F(ConfigTest, SecretsAreNeverShown) {
  Variables environment = enough();
  environment["NATS3_NATS_URL"] = "nats://me:hidden@a:4222,tls://hidden@b";
  environment["NATS3_NATS_TOKEN"] = "hidden";
  environment["NATS3_SERVER_USER"] = "me";
  environment["NATS3_SERVER_PASSWORD"] = "hidden";
  environment["NATS3_S3_SESSION_TOKEN"] = "hidden";
  environment["NATS3_POSTGRES_URL"] = "postgresql://me:hidden@db";
  const auto config = load_text("config.yaml", "log: odd\n", environment);
  ASSERT_TRUE(config) << config.error().message;
  const std::string text = describe(*config);
  EXPECT_THAT(text, AllOf(Not(HasSubstr("hidden")), HasSubstr("nats.url = nats://a:4222,tls://b\n"),
                          HasSubstr("s3.secret = (set, not shown)\n"),
                          HasSubstr("server.addr = 0.0.0.0:8080\n")));
  for (const std::string& notice : config->notices) {
    EXPECT_THAT(notice, Not(HasSubstr("hidden")));
  }
  environment["NATS3_NATS_URL"] = "nats://me:hidden@a:4222,,b";
  EXPECT_THAT(error_of("config.yaml", "", environment), Not(HasSubstr("hidden")));
  environment = enough();
  environment["NATS3_S3_ENDPOINT"] = "https://me:hidden@s3";
  EXPECT_THAT(error_of("config.yaml", "", environment), Not(HasSubstr("hidden")));
}

TEST_F(ConfigTest, AHugeFileIsRefused) {
  EXPECT_THAT(error_of("config.toml", std::string(2 << 20, '#')), HasSubstr("larger than 1 MiB"));
}

TEST_F(ConfigTest, TheExamplesAreGood) {
  for (const char* name : {"config.toml", "config.yaml"}) {
    const auto config = load({.file = std::string("examples/") + name, .environment = {}});
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_THAT(config->notices, IsEmpty());
  }
}

TEST(ConfigKeys, VariablesAreNamedAfterKeys) {
  EXPECT_EQ(variable_of("s3.endpoint"), "NATS3_S3_ENDPOINT");
  EXPECT_EQ(variable_of("log"), "NATS3_LOG");
  EXPECT_EQ(variable_of("s3.path_style"), "NATS3_S3_PATH_STYLE");
}

RC_GTEST_PROP(ConfigProperty, AnyTextGivesSettingsOrAnErrorWithItsPlace,
              (const std::string& text)) {
  for (const Format format : {Format::kToml, Format::kYaml}) {
    const auto settings = parse_settings(text, format, "x");
    // RC_ASSERT itself would evaluate both sides of an ||.
    const bool good = settings.has_value() || settings.error().message.starts_with("x:");
    RC_ASSERT(good);
  }
}

// Texts made of what the grammars are made of get further than random ones.
RC_GTEST_PROP(ConfigProperty, AnyLikelyTextToo, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "log", "s3", ":", " ", "\n", "=", "[", "]", "{", "}", "\"", "'", "- ", "#", "&a", "*a", "?",
      "|", ">", "!", "%", "1979-05-27", "1e9", "true", "\t", ".", ","));
  std::string text;
  for (const std::string& piece : pieces) {
    text += piece;
  }
  for (const Format format : {Format::kToml, Format::kYaml}) {
    const auto settings = parse_settings(text, format, "x");
    // RC_ASSERT itself would evaluate both sides of an ||.
    const bool good = settings.has_value() || settings.error().message.starts_with("x:");
    RC_ASSERT(good);
  }
}

}  // namespace
}  // namespace nats3::config
