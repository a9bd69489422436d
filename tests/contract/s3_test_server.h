// The S3 server that tests use: the one that the environment names.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "object/s3/options.h"

namespace nats3::object {

// How to set it.
inline constexpr const char* kNoS3Server =
    "needs an S3 server: run `tests/support/ceph.sh start DIR PORT`, then set "
    "NATS3_TEST_S3_ENDPOINT=http://127.0.0.1:PORT NATS3_TEST_S3_ACCESS=test-user "
    "NATS3_TEST_S3_SECRET=test-password (and NATS3_TEST_S3_REGION, if not us-east-1)";

// Nothing when the environment names none.
[[nodiscard]] inline std::optional<S3Options> s3_test_server() {
  const auto variable = [](const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr && *value != '\0' ? value : otherwise);
  };
  S3Options options;
  options.endpoint = variable("NATS3_TEST_S3_ENDPOINT", "");
  options.credentials = fixed_credentials({variable("NATS3_TEST_S3_ACCESS", "test-user"),
                                           variable("NATS3_TEST_S3_SECRET", "test-password"), ""});
  options.region = variable("NATS3_TEST_S3_REGION", "us-east-1");
  return options.endpoint.empty() ? std::nullopt : std::optional(options);
}

}  // namespace nats3::object
