// The command line: reads the arguments and does what they say. docs/cli.md is its manual.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/io.h"

namespace nats3::cli {

struct ServeArguments {
  std::optional<std::string> config_file;
  bool check = false;  // only read the configuration and show it
};

struct AppOptions {
  Io& io;
  std::string version;
  // Runs the server; returns what the process ends with.
  std::function<int(const ServeArguments&)> serve;
};

// Runs one command. `arguments`: as main has them, the program's name first; under the name
// nats3-server they are those of `nats3 serve`. Returns the process' exit code.
[[nodiscard]] int run(std::vector<std::string> arguments, const AppOptions& options);

}  // namespace nats3::cli
