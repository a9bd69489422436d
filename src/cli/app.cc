#include "cli/app.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "base/json.h"
#include "cli/job_commands.h"
#include "cli/job_output.h"
#include "cli/table.h"
#include "cli/user_config.h"

namespace nats3::cli {
namespace {

constexpr const char* kConfigKeys = "server-url or output-format";

// What the flags before and behind any command say.
struct GlobalArguments {
  std::string server;
  std::string output;
};

// One run: declares the commands, then does the one that was given.
class App {
 public:
  explicit App(const AppOptions& options) : options_(options), io_(options.io) { declare(); }

  int run(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    try {
      app_.parse(arguments);
    } catch (const CLI::CallForHelp& help) {
      return app_.exit(help, io_.out, io_.err);
    } catch (const CLI::CallForVersion& version) {
      return app_.exit(version, io_.out, io_.err);
    } catch (const CLI::ParseError& error) {
      return report({ExitCode::kUsage, describe(error)});
    }
    const Outcome outcome = action_();
    return outcome ? exit_code_ : report(outcome.error());
  }

 private:
  using Action = std::function<Outcome()>;

  void declare() {
    app_.description(
        "Archives NATS JetStream streams to S3 and replays them.\n"
        "'nats3 serve' is the server; the other commands speak to one.");
    app_.name("nats3");
    app_.set_version_flag("-V,--version", "nats3 " + options_.version);
    app_.require_subcommand(1);
    app_.add_option("--server", global_.server,
                    "URL of the server; else $NATS3_SERVER_URL, else the one configured")
        ->type_name("URL");
    app_.add_option("--output", global_.output, "table or json; else as configured")
        ->type_name("FORMAT");
    declare_jobs(JobKind::kStore, "Store jobs: archive a stream into a bucket");
    declare_jobs(JobKind::kLoad, "Load jobs: replay what is archived");
    declare_config();
    declare_serve();
    app_.footer(
        "Exit codes: 0 done, 1 failed, 2 wrong usage. Help for a command: nats3 COMMAND --help");
  }

  CLI::App* add_command(CLI::App& parent, std::string_view name, const std::string& help,
                        Action action) {
    CLI::App* const command = parent.add_subcommand(std::string(name), help);
    command->fallthrough();  // --server and --output may stand behind the command
    command->callback([this, action = std::move(action)] { action_ = action; });
    return command;
  }

  CLI::App* add_group(std::string_view name, const std::string& help) {
    CLI::App* const group = app_.add_subcommand(std::string(name), help);
    group->fallthrough();
    group->require_subcommand(1);
    return group;
  }

  void declare_jobs(JobKind kind, const std::string& help) {
    CLI::App& group = *add_group(to_string(kind), help);
    const std::string noun = fmt::format("{} job", to_string(kind));
    add_command(group, "list", "List the " + noun + "s, newest first", [this, kind] {
      return with_server(kind, [](const JobCommand& command) { return list_jobs(command); });
    });
    declare_create(group, kind, noun);
    declare_change(group, kind, JobVerb::kShow, "show", "Show all of one " + noun);
    declare_change(group, kind, JobVerb::kPause, "pause",
                   "Pause a " + noun + "; what it holds is written first");
    declare_change(group, kind, JobVerb::kResume, "resume",
                   "Go on with a " + noun + " that was paused or failed");
    declare_change(group, kind, JobVerb::kDelete, "delete",
                   "Stop and forget a " + noun + "; archived data stays");
  }

  void declare_create(CLI::App& group, JobKind kind, const std::string& noun) {
    auto arguments = std::make_shared<CreateArguments>();
    auto interactive = std::make_shared<bool>(false);
    CLI::App* const command =
        add_command(group, "create", "Make a " + noun + " and start it", [=, this] {
          arguments->ask = *interactive ? Ask::kInteractive : Ask::kNo;
          return with_server(kind, [&](const JobCommand& job_command) {
            return create_job(job_command, *arguments);
          });
        });
    for (const Field& field : fields_of(kind)) {
      const auto set = [arguments, at = &field](const std::string& text) {
        arguments->values[at] = text;
      };
      if (field.type == FieldType::kYes || field.type == FieldType::kNo) {
        command->add_flag_callback(field.flag, [set] { set("yes"); }, field.help);
      } else {
        const bool needed = field.need == Need::kRequired;
        command->add_option_function<std::string>(
            field.flag, set, fmt::format("{}{}", field.help, needed ? " (needed)" : ""));
      }
    }
    command
        ->add_option("--from-json", arguments->from_json,
                     "Take the job from a JSON file, - for standard input; flags go over it")
        ->type_name("FILE");
    command->add_flag("-i,--interactive", *interactive, "Ask for what isn't given");
  }

  void declare_change(CLI::App& group, JobKind kind, JobVerb verb, std::string_view name,
                      const std::string& help) {
    auto job_id = std::make_shared<std::string>();
    auto interactive = std::make_shared<bool>(false);
    CLI::App* const command = add_command(group, name, help, [=, this] {
      return with_server(kind, [&](const JobCommand& job_command) {
        return change_job(job_command, verb, *job_id, *interactive ? Ask::kInteractive : Ask::kNo);
      });
    });
    command->add_option("--job-id", *job_id, "Id of the job, as list shows it")->type_name("ID");
    command->add_flag("-i,--interactive", *interactive, "Ask for the id");
  }

  void declare_config() {
    CLI::App& group =
        *add_group("config", "What the command line remembers: its server and format");
    add_command(group, "show", "Show all of it", [this] { return show_config(); });
    auto key = std::make_shared<std::string>();
    auto value = std::make_shared<std::string>();
    CLI::App* const set =
        add_command(group, "set", "Change one key", [=, this] { return set_config(*key, *value); });
    set->add_option("key", *key, kConfigKeys)->required();
    set->add_option("value", *value, "Its new value")->required();
    CLI::App* const get =
        add_command(group, "get", "Show one key", [=, this] { return get_config(*key); });
    get->add_option("key", *key, kConfigKeys)->required();
  }

  void declare_serve() {
    auto arguments = std::make_shared<ServeArguments>();
    CLI::App* const command = add_command(app_, "serve", "Run the server", [=, this] {
      exit_code_ = options_.serve(*arguments);
      return Outcome{};
    });
    command
        ->add_option("-c,--config", arguments->config_file,
                     "Configuration, TOML or YAML [/etc/nats3/config.toml]")
        ->type_name("FILE");
    command->add_flag("--check", arguments->check,
                      "Only check the configuration, and show it without its secrets");
  }

  // --output, else what is configured.
  [[nodiscard]] Result<OutputFormat> format(const UserConfig& config) const {
    return global_.output.empty() ? Result<OutputFormat>(config.output_format)
                                  : parse_output_format(global_.output);
  }

  Outcome with_server(JobKind kind, const std::function<Outcome(const JobCommand&)>& act) {
    const auto config = load_user_config(user_config_path(io_));
    if (!config) {
      return failed(config.error());
    }
    const auto wanted = format(*config);
    if (!wanted) {
      return usage("--output: " + wanted.error().message);
    }
    std::string server = global_.server;
    if (server.empty()) {
      server = io_.variable("NATS3_SERVER_URL");
    }
    const auto url = parse_server_url(server.empty() ? config->server_url : server);
    if (!url) {
      return usage(url.error().message);
    }
    Client client(*url);
    return act({.io = io_, .client = client, .format = *wanted, .kind = kind});
  }

  Outcome show_config() {
    const auto config = load_user_config(user_config_path(io_));
    if (!config) {
      return failed(config.error());
    }
    const auto wanted = format(*config);
    if (!wanted) {
      return usage("--output: " + wanted.error().message);
    }
    if (*wanted == OutputFormat::kJson) {
      print_json(io_, {{"server_url", config->server_url},
                       {"output_format", to_string(config->output_format)}});
      return {};
    }
    io_.out << fmt::format("Current configuration:\n  server_url: {}\n  output_format: {}\n",
                           config->server_url, to_string(config->output_format));
    return {};
  }

  Outcome get_config(const std::string& key) {
    const auto config = load_user_config(user_config_path(io_));
    if (!config) {
      return failed(config.error());
    }
    if (key == "server-url" || key == "server_url") {
      io_.out << config->server_url << '\n';
    } else if (key == "output-format" || key == "output_format") {
      io_.out << to_string(config->output_format) << '\n';
    } else {
      return usage(fmt::format("no key '{}': {}", key, kConfigKeys));
    }
    return {};
  }

  Outcome set_config(const std::string& key, const std::string& value) {
    const std::string path = user_config_path(io_);
    auto config = load_user_config(path);
    if (!config) {
      return failed(config.error());
    }
    if (key == "server-url" || key == "server_url") {
      if (auto url = parse_server_url(value); !url) {
        return usage(url.error().message);
      }
      config->server_url = value;
    } else if (key == "output-format" || key == "output_format") {
      const auto wanted = parse_output_format(value);
      if (!wanted) {
        return usage(wanted.error().message);
      }
      config->output_format = *wanted;
    } else {
      return usage(fmt::format("no key '{}': {}", key, kConfigKeys));
    }
    if (auto saved = save_user_config(path, *config); !saved) {
      return failed(saved.error());
    }
    io_.out << fmt::format("Set {} in {}\n", key, path);
    return {};
  }

  // The command that was begun, as far as it was understood.
  [[nodiscard]] const CLI::App& innermost() const {
    const CLI::App* command = &app_;
    while (!command->get_subcommands().empty()) {
      command = command->get_subcommands().front();
    }
    return *command;
  }

  // What is wrong with the arguments, and the nearest right one for a word that isn't known.
  [[nodiscard]] std::string describe(const CLI::ParseError& error) const {
    const CLI::App& command = innermost();
    std::string text = error.what();
    const std::vector<std::string> unknown = app_.remaining(true);
    if (unknown.empty()) {
      return text;
    }
    std::vector<std::string> known;
    for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
      for (const CLI::Option* option : at->get_options()) {
        for (const std::string& name : option->get_lnames()) {
          known.push_back("--" + name);
        }
      }
    }
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(sub->get_name());
    }
    const std::string word = unknown.front().substr(0, unknown.front().find('='));
    const std::string_view guess = nearest(word, {known.begin(), known.end()});
    text = fmt::format("not known here: {}", unknown.front());
    return guess.empty() ? text : fmt::format("{}; did you mean {}?", text, guess);
  }

  int report(const Failure& failure) {
    io_.err << "nats3: " << failure.message << '\n';
    if (failure.code == ExitCode::kUsage) {
      std::string name;
      for (const CLI::App* at = &innermost(); at != nullptr; at = at->get_parent()) {
        name.insert(0, at->get_name() + " ");
      }
      io_.err << fmt::format("Help: {}--help\n", name);
    }
    return static_cast<int>(failure.code);
  }

  const AppOptions& options_;
  Io& io_;
  CLI::App app_;
  GlobalArguments global_;
  Action action_;
  int exit_code_ = 0;
};

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
  return App(options).run(std::move(arguments));
}

}  // namespace nats3::cli
