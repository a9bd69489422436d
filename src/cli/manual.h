// The manual page nats3(1): what is there of the command tree, between texts that are written.
// docs/nats3.1 is what this gives; a test keeps it so.
#pragma once

#include <string>

#include "cli/command_tree.h"

namespace nats3::cli {

// In the language of man(7). Pure.
[[nodiscard]] std::string manual_page(const CommandInfo& root);

}  // namespace nats3::cli
