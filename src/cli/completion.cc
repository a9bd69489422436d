#include "cli/completion.h"

#include <set>

namespace nats3::cli {

std::vector<std::string> flags_with_value(const CommandInfo& root) {
  std::set<std::string> names;
  for (const CommandInfo* command : all_commands(root)) {
    for (const FlagInfo& flag : command->flags) {
      if (!flag.value.none()) {
        names.insert(flag.names.begin(), flag.names.end());
      }
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace nats3::cli
