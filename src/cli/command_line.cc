#include "cli/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/json.h"

namespace nats3::cli {
namespace {

// The commands that can stand behind `command`.
std::vector<std::string> names_below(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

// "--prefix=" is an empty value; CLI11 would take the next argument for it.
std::vector<std::string> with_empty_values(const std::vector<std::string>& arguments) {
  std::vector<std::string> apart;
  for (const std::string& argument : arguments) {
    const bool empty_value = argument.size() > 3 && argument.starts_with("--") &&
                             argument.find('=') == argument.size() - 1;
    apart.push_back(empty_value ? argument.substr(0, argument.size() - 1) : argument);
    if (empty_value) {
      apart.emplace_back();
    }
  }
  return apart;
}

}  // namespace

CommandLine::CommandLine(Io& io, const std::string& version) : io_(io) {
  app_.description(
      "Archives NATS JetStream streams to S3 and replays them.\n"
      "'nats3 serve' is the server; the other commands speak to one.");
  app_.name("nats3");
  app_.set_version_flag("-V,--version", "nats3 " + version);
  app_.require_subcommand(1);
  app_.add_option("--server", server_,
                  "URL of the server; else $NATS3_SERVER_URL, else the one configured")
      ->type_name("URL");
  app_.add_option("--output", output_, "Output format; else as configured")
      ->type_name("table|json");
  app_.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong usage. Help for a command: nats3 COMMAND --help");
}

CLI::App& CommandLine::add_command(CLI::App& parent, std::string_view name, const std::string& help,
                                   Action action) {
  CLI::App* const command = parent.add_subcommand(std::string(name), help);
  command->fallthrough();  // --server and --output may stand behind the command
  command->callback([this, action = std::move(action)] { action_ = action; });
  return *command;
}

CLI::App& CommandLine::add_group(std::string_view name, const std::string& help) {
  CLI::App* const group = app_.add_subcommand(std::string(name), help);
  group->fallthrough();
  group->require_subcommand(1);
  return *group;
}

tl::expected<OutputFormat, Failure> CommandLine::format(const UserConfig& config) const {
  if (output_.empty()) {
    return config.output_format;
  }
  const auto wanted = parse_output_format(output_);
  if (!wanted) {
    return usage("--output: " + wanted.error().message);
  }
  return *wanted;
}

Outcome CommandLine::with_session(const std::function<Outcome(const Session&)>& act,
                                  Client::Timeouts timeouts) {
  const auto config = load_user_config(user_config_path(io_));
  if (!config) {
    return failed(config.error());
  }
  const auto wanted = format(*config);
  if (!wanted) {
    return tl::unexpected(wanted.error());
  }
  std::string server = server_;
  if (server.empty()) {
    server = io_.variable("NATS3_SERVER_URL");
  }
  const auto url = parse_server_url(server.empty() ? config->server_url : server);
  if (!url) {
    return usage(url.error().message);
  }
  Client client(*url, timeouts);
  return act({.io = io_, .client = client, .format = *wanted});
}

int CommandLine::run(std::vector<std::string> arguments) {
  arguments = with_empty_values(arguments);
  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    app_.parse(arguments);
  } catch (const CLI::CallForHelp& help) {
    const bool known = app_.remaining(true).empty();
    return known ? app_.exit(help, io_.out, io_.err) : report({ExitCode::kUsage, describe(help)});
  } catch (const CLI::CallForVersion& version) {
    return app_.exit(version, io_.out, io_.err);
  } catch (const CLI::ParseError& error) {
    return report({ExitCode::kUsage, describe(error)});
  }
  const Outcome outcome = action_();
  return outcome ? exit_code_ : report(outcome.error());
}

// The command that was begun, as far as it was understood.
const CLI::App& CommandLine::innermost() const {
  const CLI::App* command = &app_;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
  }
  return *command;
}

// What is wrong with the arguments, and the nearest right one for a word that isn't known.
std::string CommandLine::describe(const CLI::ParseError& error) const {
  const CLI::App& command = innermost();
  std::string text = error.what();
  const std::vector<std::string> unknown = app_.remaining(true);
  std::vector<std::string> known = names_below(command);
  if (unknown.empty()) {
    const bool no_command = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    return no_command && !known.empty()
               ? fmt::format("a command is missing: {}", fmt::join(known, ", "))
               : text;
  }
  for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        known.push_back("--" + name);
      }
    }
  }
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  const std::string_view guess = nearest(word, {known.begin(), known.end()});
  text = fmt::format("not known here: {}", unknown.front());
  return guess.empty() ? text : fmt::format("{}; did you mean {}?", text, guess);
}

int CommandLine::report(const Failure& failure) {
  if (!failure.message.empty()) {
    io_.err << "nats3: " << failure.message << '\n';
  }
  if (failure.code == ExitCode::kUsage) {
    std::string name;
    for (const CLI::App* at = &innermost(); at != nullptr; at = at->get_parent()) {
      name.insert(0, at->get_name() + " ");
    }
    io_.err << fmt::format("Help: {}--help\n", name);
  }
  return static_cast<int>(failure.code);
}

}  // namespace nats3::cli
