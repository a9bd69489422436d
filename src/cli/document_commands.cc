#include "cli/document_commands.h"

#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/manual.h"

namespace nats3::cli {
namespace {

Outcome print_completion(CommandLine& line, const std::string& shell) {
  const CommandInfo root = command_tree(line.root());
  if (shell == "bash") {
    line.io().out << bash_completion(root);
  } else if (shell == "zsh") {
    line.io().out << zsh_completion(root);
  } else if (shell == "fish") {
    line.io().out << fish_completion(root);
  } else {
    return usage(fmt::format("no completion for '{}': bash, zsh or fish", shell));
  }
  return {};
}

}  // namespace

void declare_document_commands(CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  CLI::App& completion = line.add_command(
      line.root(), "completion", "Print a script that teaches a shell to complete commands",
      [shell, &line] { return print_completion(line, *shell); });
  completion.add_option("shell", *shell, "Which shell")->required()->type_name("bash|zsh|fish");
  line.add_command(line.root(), "manual", "Print the manual page: nats3 manual | man -l -",
                   [&line] {
                     line.io().out << manual_page(command_tree(line.root()));
                     return Outcome{};
                   });
}

}  // namespace nats3::cli
