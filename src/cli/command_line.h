// CommandLine: the commands and their flags, as CLI11 reads them, and what all commands share:
// --server, --output, reporting what went wrong. Each group of commands declares itself on it.
// Not thread-safe.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/client.h"
#include "cli/io.h"
#include "cli/user_config.h"

namespace nats3::cli {

// What a command that speaks to a server needs.
struct Session {
  Io& io;
  Client& client;
  OutputFormat format;
};

class CommandLine {
 public:
  using Action = std::function<Outcome()>;

  CommandLine(Io& io, const std::string& version);

  // Adds a command below `parent`; `action` is run when it's the one that was given.
  CLI::App& add_command(CLI::App& parent, std::string_view name, const std::string& help,
                        Action action);
  // Adds a word that needs a command behind it.
  CLI::App& add_group(std::string_view name, const std::string& help);

  // Runs `act` on the server that --server, the environment or the configuration names.
  // Errors: usage for flags that can't be used; what load_user_config and `act` give.
  Outcome with_session(const std::function<Outcome(const Session&)>& act,
                       Client::Timeouts timeouts = {});

  // --output, else what is configured. Errors: usage.
  [[nodiscard]] tl::expected<OutputFormat, Failure> format(const UserConfig& config) const;

  // Reads `arguments` (without the program's name) and does what they say; the exit code.
  int run(std::vector<std::string> arguments);

  // What run() returns when the command did what it should.
  void set_exit_code(int code) { exit_code_ = code; }

  [[nodiscard]] CLI::App& root() { return app_; }
  [[nodiscard]] Io& io() { return io_; }

 private:
  [[nodiscard]] const CLI::App& innermost() const;
  [[nodiscard]] std::string describe(const CLI::ParseError& error) const;
  int report(const Failure& failure);

  Io& io_;
  CLI::App app_;
  std::string server_;
  std::string output_;
  Action action_;
  int exit_code_ = 0;
};

}  // namespace nats3::cli
