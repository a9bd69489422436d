#include "cli/app.h"

#include <algorithm>
#include <memory>

#include "cli/archive_commands.h"
#include "cli/command_line.h"
#include "cli/config_commands.h"
#include "cli/document_commands.h"
#include "cli/job_declarations.h"
#include "cli/server_commands.h"
#include "cli/transfer_commands.h"

namespace nats3::cli {
namespace {

void declare_serve(CommandLine& line, const AppOptions& options) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App& command =
      line.add_command(line.root(), "serve", "Run the server", [arguments, &line, &options] {
        line.set_exit_code(options.serve(*arguments));
        return Outcome{};
      });
  command
      .add_option("-c,--config", arguments->config_file,
                  "Configuration, TOML or YAML [/etc/nats3/config.toml]")
      ->type_name("FILE");
  command.add_flag("--check", arguments->check,
                   "Only check the configuration, and show it without its secrets");
}

// The public examples end in a backslash; where no line follows, the shell passes it on.
bool is_left_over(const std::string& argument) {
  return !argument.empty() && argument.find_first_not_of("\\ \t\r\n") == std::string::npos;
}

// "nats3 help store create" and "nats3 store help" ask for what --help shows, as they do of the
// existing connector's command line.
void translate_help(std::vector<std::string>& arguments) {
  for (std::size_t at = 0; at < std::min<std::size_t>(arguments.size(), 2); ++at) {
    if (arguments[at] == "help") {
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(at));
      arguments.emplace_back("--help");
      return;
    }
    if (arguments[at].starts_with('-')) {
      return;
    }
  }
}

}  // namespace

int run(std::vector<std::string> arguments, const AppOptions& options) {
  const std::string program = arguments.empty() ? "nats3" : arguments.front();
  if (!arguments.empty()) {
    arguments.erase(arguments.begin());
  }
  if (program.substr(program.rfind('/') + 1) == "nats3-server") {
    arguments.insert(arguments.begin(), "serve");
  }
  if (!arguments.empty() && is_left_over(arguments.back())) {
    arguments.pop_back();
  }
  translate_help(arguments);
  CommandLine line(options.io, options.version);
  declare_job_commands(line, JobKind::kStore, "Store jobs: archive a stream into a bucket");
  declare_job_commands(line, JobKind::kLoad, "Load jobs: replay what is archived");
  declare_job_commands(line, JobKind::kVerify,
                       "Verify jobs: check what is archived, and repair it");
  declare_archive_commands(line);
  declare_transfer_commands(line);
  declare_server_commands(line);
  declare_config_commands(line);
  declare_serve(line, options);
  declare_document_commands(line);
  const int code = line.run(std::move(arguments));
  // A full disk behind `nats3 job export > FILE` shows only here.
  if (!options.io.out.flush() && code == 0) {
    options.io.err << "nats3: what this command had to say couldn't all be written to its output\n";
    return static_cast<int>(ExitCode::kFailed);
  }
  return code;
}

}  // namespace nats3::cli
