// ConfigTest: a fixture for tests of the configuration, with a folder for its files.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"

namespace nats3::config {

inline constexpr const char* kYaml = R"(log: INFO
server:
  addr: "0.0.0.0:8080"
nats:
  url: nats:4222
s3:
  region: us-east-1
  endpoint: http://minio:9000
  access: test-user
  secret: test-password
)";

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() {
    std::string name = (std::filesystem::temp_directory_path() / "nats3-config-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  Result<Config> load_text(const std::string& name, std::string_view text,
                           Variables environment = {}) {
    return load({.file = write(name, text), .environment = std::move(environment)});
  }

  std::string error_of(const std::string& name, std::string_view text, Variables environment = {}) {
    const auto config = load_text(name, text, std::move(environment));
    EXPECT_FALSE(config) << text;
    return config ? "" : config.error().message;
  }

  std::filesystem::path folder_;
};

// All that must be set.
inline Variables enough() {
  return {{"NATS3_NATS_URL", "nats://localhost:4222"},
          {"NATS3_S3_ENDPOINT", "http://localhost:9000"},
          {"NATS3_S3_ACCESS", "key"},
          {"NATS3_S3_SECRET", "hidden"}};
}

}  // namespace nats3::config
