// Scripts that teach a shell to complete nats3's commands, flags, choices, files and job ids. Pure
// functions of the command tree. Job ids are asked for from the server that the line so far names.
#pragma once

#include <string>

#include "cli/command_tree.h"

namespace nats3::cli {

[[nodiscard]] std::string bash_completion(const CommandInfo& root);
[[nodiscard]] std::string zsh_completion(const CommandInfo& root);
[[nodiscard]] std::string fish_completion(const CommandInfo& root);

// All names of flags that take a value, in any command: what a script has to skip when it looks for
// the command. No name is with a value here and without there.
[[nodiscard]] std::vector<std::string> flags_with_value(const CommandInfo& root);

}  // namespace nats3::cli
