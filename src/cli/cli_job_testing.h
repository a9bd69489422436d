// CliTest: the command line against a server that answers with one store job.
#pragma once

#include "base/json.h"
#include "cli/cli_testing.h"

namespace nats3::cli {

class CliTest : public CliFixture {
 protected:
  static constexpr const char* kId = "7f6e3c9e-5f2b-4c58-9f3a-000000000001";

  static Json store_job() {
    return {{"id", kId},
            {"name", "job-1"},
            {"status", "Running"},
            {"stream", "jobs"},
            {"consumer", nullptr},
            {"subject", "subject-1"},
            {"bucket", "bucket-1"},
            {"prefix", nullptr},
            {"progress", {{"messages", 1234567}, {"lag", 3}}},
            {"last_error", nullptr}};
  }

  CliTest() { server_.answer_with(200, store_job().dump()); }
};

}  // namespace nats3::cli
