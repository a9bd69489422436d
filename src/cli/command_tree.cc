#include "cli/command_tree.h"

#include <fmt/format.h>

#include <algorithm>

namespace nats3::cli {
namespace {

ValueInfo value_of(const CLI::Option& option) {
  ValueInfo value;
  if (option.get_items_expected_max() == 0) {
    return value;
  }
  value.type = option.get_type_name();
  if (value.type.find('|') != std::string::npos) {
    value.choices = CLI::detail::split(value.type, '|');
  }
  return value;
}

FlagInfo flag_of(const CLI::Option& option) {
  FlagInfo flag{.help = option.get_description(), .value = value_of(option)};
  for (const std::string& name : option.get_snames()) {
    flag.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    flag.names.push_back("--" + name);
  }
  return flag;
}

CommandInfo command_of(const CLI::App& app, std::vector<std::string> path) {
  CommandInfo command{.path = std::move(path), .help = app.get_description()};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.positionals.push_back({.name = option->get_name(true),
                                     .help = option->get_description(),
                                     .value = value_of(*option),
                                     .many = option->get_items_expected_max() > 1});
    } else {
      command.flags.push_back(flag_of(*option));
    }
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> below = command.path;
    below.push_back(sub->get_name());
    command.commands.push_back(command_of(*sub, std::move(below)));
  }
  return command;
}

void collect(const CommandInfo& command, std::vector<const CommandInfo*>& all) {
  all.push_back(&command);
  for (const CommandInfo& sub : command.commands) {
    collect(sub, all);
  }
}

}  // namespace

std::string CommandInfo::path_text() const { return fmt::format("{}", fmt::join(path, " ")); }

CommandInfo command_tree(const CLI::App& app) { return command_of(app, {}); }

std::vector<const CommandInfo*> all_commands(const CommandInfo& root) {
  std::vector<const CommandInfo*> all;
  collect(root, all);
  return all;
}

std::vector<const FlagInfo*> flags_at(const CommandInfo& root, const CommandInfo& command) {
  // From the program down to the command, then read from its end.
  std::vector<const CommandInfo*> trail{&root};
  for (const std::string& word : command.path) {
    const auto& subs = trail.back()->commands;
    trail.push_back(&*std::ranges::find(subs, word, &CommandInfo::name));
  }
  std::vector<const FlagInfo*> flags;
  for (auto at = trail.rbegin(); at != trail.rend(); ++at) {
    for (const FlagInfo& flag : (*at)->flags) {
      if (std::ranges::none_of(flags, [&](const auto* f) { return f->name() == flag.name(); })) {
        flags.push_back(&flag);
      }
    }
  }
  return flags;
}

}  // namespace nats3::cli
